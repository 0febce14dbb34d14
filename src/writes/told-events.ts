import type { ComparisonCalls } from "../experiment/reported/comparison-call.ts";
import type { Clock } from "../model/clock.ts";
import type { WritesEventKind } from "../model/writes-remark.ts";
import type { WritesEvent } from "./events.ts";
import type { Wish } from "./stage.ts";

const quietMs = 60_000;

/** Reasons that are made of our own words and counts. Others name records, people, or what a database said. */
const plain: ReadonlySet<WritesEventKind> = new Set([
  ...(["lagging", "moved", "following", "not-following", "changes-up", "follower-up"] as const),
]);

const instead: Readonly<Partial<Record<WritesEventKind, string>>> = {
  dead: "its records wait until a person retries, repairs or skips it",
  "follower-down": "it is tried again, and no operation dies of it",
  "changes-down": "they are read anew",
  held: "a gate says no: the listener is told which, with the number",
  found: "the listener is told which ones",
  invented: "the listener is told where, and what to say against it",
  unreconciled: "it is tried again",
  worker: "it is tried again",
};

/**
 * Tells the publishers of a laboratory what happens, as events of the experiment that records are counted under: of each kind at most
 * one a minute, which says how many there were since the last one. Nothing of an operation, a record or a person is in them.
 */
export function toldEvents(
  calls: Pick<ComparisonCalls<unknown, unknown, unknown>, "announce">,
  wish: Wish,
  clock: Clock,
): (event: Pick<WritesEvent, "kind" | "reason">) => void {
  const told = new Map<WritesEventKind, { readonly at: number; quiet: number }>();
  return ({ kind, reason }) => {
    const last = told.get(kind);
    const now = clock.monotonic();
    if (last !== undefined && now - last.at < quietMs) {
      last.quiet += 1;
      return;
    }
    told.set(kind, { at: now, quiet: 0 });
    const said = plain.has(kind) ? reason : (instead[kind] ?? "a person decided so");
    const { stage, share } = wish.now();
    calls.announce({
      ...{ kind: `writes-${kind}`, by: "writes" },
      reason: last === undefined || last.quiet === 0 ? said : `${said}; ${last.quiet + 1} times since the last event`,
      stage: { stage: stage === "ramp-down" ? "live" : stage, share },
    });
  };
}
