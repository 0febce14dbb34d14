import { lastReconciliation, voidedBy } from "./last-reconciliation.ts";
import type { SideName } from "./outbox/store.ts";
import type { Presence } from "./presence.ts";
import type { WritesServices } from "./services.ts";
import type { Side } from "./side.ts";

/** Where operations of each side stood when all records were last compared. */
export type Marks = Readonly<Record<SideName, number>>;

/** Why no bucket may move now, or since when the keys of each side are to be looked at again. */
export type Passed = { readonly held: string } | { readonly held?: undefined; readonly since: Marks | undefined };

const dayMs = 24 * 60 * 60 * 1_000;
const mostMismatches = 1 / 10_000;

/**
 * What has to be so before any bucket moves; hard, each with its number. Towards the candidate: nothing dead or blocked, the last
 * reconciliation clean, of today, and later than what voids it, what was read back since as good as equal, and all processes on the
 * stage. Back to control: nothing dead or blocked of what control follows.
 */
export async function passGates(services: WritesServices, presence: Presence, target: SideName): Promise<Passed> {
  const { control, candidate } = services.sides;
  if (control.changes !== undefined) {
    return {
      held: "control is followed by its `changes`: what writes to it asks no fence, so that it stays the authority",
    };
  }
  if (target === "candidate" && services.wish.now().stage === "ramp" && services.options.partition === undefined) {
    return { held: "the stage is `ramp`, and without `partition` no share of the operations can move" };
  }
  const looked = target === "candidate" ? [control, candidate] : [candidate];
  for (const { once, store, stream } of looked) {
    const { dead, blocked } = await once((tx) => store.count(tx, stream));
    if (dead > 0 || blocked > 0) return { held: `${dead} operations are dead, and ${blocked} keys blocked` };
  }
  const [ours, theirs] = await Promise.all([lastReconciliation(control), lastReconciliation(candidate)]);
  const since = ours === undefined || theirs === undefined ? undefined : { control: ours.mark, candidate: theirs.mark };
  if (target === "control") return { since };
  if (since === undefined || ours!.run !== theirs!.run) return { held: "the records were never reconciled" };
  const held =
    heldByAge(ours!) ??
    (await heldByHistory(control, ours!)) ??
    (await heldByHistory(candidate, theirs!)) ??
    (await heldByProcesses(services, presence));
  return held === undefined ? { since } : { held };
}

function heldByAge({ clean, summary, ageMs }: { clean: boolean; summary: string; ageMs: number }): string | undefined {
  if (!clean) return `the last reconciliation was not clean: ${summary}`;
  if (ageMs <= dayMs) return undefined;
  return `the last reconciliation is ${Math.floor(ageMs / 3_600_000)} h old: at most 24 h`;
}

async function heldByHistory(side: Side, last: { run: string; mark: number }): Promise<string | undefined> {
  const { store, stream, once } = side;
  const mark = await once((tx) => store.mark(tx, stream));
  if (mark < last.mark) {
    return `the database of ${side.name} went back since the last reconciliation, from ${last.mark} to ${mark}: it was restored`;
  }
  const [latest, ...more] = voidedBy(await once((tx) => store.history(tx, stream)), last.run);
  if (latest === undefined) return undefined;
  return `${more.length + 1} times something was \`${latest.kind}\` since the last reconciliation: ${latest.subject}`;
}

async function heldByProcesses({ wish }: WritesServices, presence: Presence): Promise<string | undefined> {
  const processes = await presence.all();
  const { stage, share } = wish.now();
  const late = processes.filter((each) => each.stage !== stage || (stage === "ramp" && each.share !== share));
  if (late.length > 0) {
    const says = late[0]!.stage === stage ? `at ${late[0]!.share}` : `on \`${late[0]!.stage}\``;
    return `${late.length} of ${processes.length} processes are not on the stage \`${stage}\` yet, but ${says}`;
  }
  const compared = processes.reduce((sum, each) => sum + each.compared, 0);
  const mismatched = processes.reduce((sum, each) => sum + each.mismatched, 0);
  if (mismatched <= compared * mostMismatches) return undefined;
  return `${mismatched} of ${compared} records that were read back since the last reconciliation differ: at most 0.01 %`;
}
