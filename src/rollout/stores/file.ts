import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { checkOptions } from "../../model/check-options.ts";
import { SidelaneError } from "../../model/errors.ts";
import { makeFolder } from "../../model/make-folder.ts";
import { readState } from "../read-state.ts";
import type { RolloutState } from "../state.ts";
import { encode, entries, make, numbered, numbersIn, put, sweep, textOf } from "./file-folder.ts";
import { FileReports } from "./file-reports.ts";
import { isObject } from "../../model/plain-data.ts";
import { isTable, oldFence } from "./shared.ts";
import type { Evidence, FleetVerdict, Report, RolloutStore, SyncedState } from "./store.ts";

const keptStates = 20;

/** What a judge wrote, in a file with the number of its fence. */
interface Concluded {
  /** `null` where no judge before had written one. */
  readonly verdict: FleetVerdict | null;
  readonly kept?: unknown;
  readonly through?: number;
  /** When processes that are in `kept` had last reported: what they report later is not in it. */
  readonly folded: Readonly<Record<string, number>>;
}

const nothing: Concluded = { verdict: null, folded: {} };

/** What a file has that cannot be read: no verdict, which is told, until the next judge writes one. */
const unreadable: Concluded = { verdict: { at: 0 } as FleetVerdict, folded: {} };

interface Lease {
  readonly process: string;
  readonly until: number;
}

/**
 * Keeps states in a folder, for the processes of one machine. Each experiment has a folder in it, with a file for each of the
 * latest 20 states and those of its judge; `.processes` has one for each process's reports.
 *
 * A file is written beside its place, with all of it on the disk, and then moved there: no reader ever sees half of one. A state's
 * file has the number after that of the state that it was made from, and can be made only once, which is what makes processes
 * agree; the same way a judge takes its lease. Nothing is locked, so a process that is killed leaves nobody waiting. The file
 * system must have hard links. Its clock is the machine's.
 *
 * @param folder made when it is not there; it stays the same one wherever the process goes
 * @throws {SidelaneError} `invalid-option` when the folder cannot be made or read
 */
export function fileStore(folder: string): RolloutStore {
  const check = checkOptions("fileStore");
  check.text("folder", folder);
  try {
    makeFolder(folder);
    readdirSync(folder);
  } catch {
    check.fail("folder", "one that can be made and read", folder);
  }
  const root = resolve(folder);
  const reports = new FileReports(join(root, ".processes"));
  const folderOf = (experiment: string): string => join(root, encode(experiment));
  const judgeOf = (experiment: string): string => join(folderOf(experiment), "judge");

  /** The latest state, with its number; 0 where there is none. */
  async function latest(experiment: string): Promise<{ readonly number: number; readonly state?: RolloutState }> {
    const path = folderOf(experiment);
    // One is removed only when newer ones are there: then look again.
    for (let attempt = 0; ; attempt++) {
      const number = numbersIn(await entries(path), "state").at(-1);
      if (number === undefined) return { number: 0 };
      const file = join(path, numbered("state", number));
      const text = await textOf(file);
      if (text !== undefined) return { number, state: parse(text, file) };
      if (attempt >= 5) throw new Error(`${file}: removed while it was read`);
    }
  }

  /** Whether a state's file was the first one to have its number: an earlier one may have been removed since. */
  async function isFirst(experiment: string, before: number, next: RolloutState): Promise<boolean> {
    const numbers = numbersIn(await entries(folderOf(experiment)), "state");
    if (before === 0 ? numbers.at(0) === 1 && numbers.length < keptStates : numbers.includes(before)) return true;
    const { state } = await latest(experiment);
    return state?.id === next.id || state?.history.some(({ id }) => id === next.id) === true;
  }

  async function leaseOf(experiment: string): Promise<{ readonly fence: number; readonly lease?: Lease }> {
    const path = judgeOf(experiment);
    const fence = numbersIn(await entries(path), "lease").at(-1) ?? 0;
    const text = fence === 0 ? undefined : await textOf(join(path, numbered("lease", fence)));
    const lease = readJson(text) as Lease | undefined;
    return { fence, ...(typeof lease?.process === "string" && { lease }) };
  }

  async function concludedOf(experiment: string): Promise<Concluded | undefined> {
    const number = numbersIn(await entries(judgeOf(experiment)), "verdict").at(-1);
    return number === undefined ? undefined : concludedIn(experiment, number);
  }

  async function concludedIn(experiment: string, number: number): Promise<Concluded | undefined> {
    const text = await textOf(join(judgeOf(experiment), numbered("verdict", number)));
    if (text === undefined) return undefined;
    const concluded = readJson(text) as Concluded | null | undefined;
    if (!isObject(concluded?.folded)) return unreadable;
    return concluded.verdict === null || isObject(concluded.verdict) ? concluded : unreadable;
  }

  /** What was concluded last, in a file of this fence's from here on: what an older judge is still writing is read by nobody then. */
  async function takenOver(experiment: string, fence: number): Promise<Concluded> {
    const path = judgeOf(experiment);
    const number = numbersIn(await entries(path), "verdict").at(-1);
    const concluded = (number !== undefined && (await concludedIn(experiment, number))) || nothing;
    if (number === undefined || number < fence) await make(path, numbered("verdict", fence), JSON.stringify(concluded));
    return concluded;
  }

  async function answer(asked: readonly Report[], concluded: Concluded | undefined, now: number): Promise<SyncedState> {
    const { experiment } = asked[0]!;
    try {
      const [{ state = null }, { lease }] = await Promise.all([latest(experiment), leaseOf(experiment)]);
      const isNews = asked.some(({ knows }) => knows === undefined || knows !== state?.id);
      const isNewVerdict = asked.some(({ knowsVerdict }) => knowsVerdict !== concluded?.verdict?.at);
      const isOther = state !== null && asked.some(({ version }) => version !== state.candidateVersion);
      const present = isOther ? await reports.of(experiment) : [];
      const heardAt = present.filter(({ row }) => row.version === state?.candidateVersion).map(({ row }) => row.at);
      return {
        ...(isNews && { state }),
        ...(isNewVerdict && concluded?.verdict && { verdict: concluded.verdict }),
        ...(lease !== undefined && lease.until > now && { judge: lease.process }),
        ...(heardAt.length > 0 && { presentHeardAt: Math.max(...heardAt) }),
      };
    } catch (error) {
      // What cannot be read stops nobody else.
      return { failed: error };
    }
  }

  return {
    async sync(given) {
      const names = [...new Set(given.map(({ experiment }) => experiment))];
      const concluded = new Map(
        await Promise.all(names.map(async (name) => [name, await concludedOf(name).catch(() => undefined)] as const)),
      );
      const through = new Map([...concluded].map(([name, of]) => [name, of?.through ?? -Infinity]));
      await reports.add(given, Date.now(), through);
      const now = Date.now();
      const states = await Promise.all(
        names.map(async (name) => {
          const asked = given.filter(({ experiment }) => experiment === name);
          return [name, await answer(asked, concluded.get(name), now)] as const;
        }),
      );
      return { now: Date.now(), states: Object.fromEntries(states) };
    },
    async compareAndSet(experiment, expectedId, next) {
      const path = folderOf(experiment);
      const { number, state } = await latest(experiment);
      if (state?.id !== expectedId) return false;
      const name = numbered("state", number + 1);
      if (!(await make(path, name, JSON.stringify(next, null, 2)))) return false;
      if (!(await isFirst(experiment, number, next))) {
        await rm(join(path, name), { force: true });
        return false;
      }
      const names = await entries(path);
      const old = numbersIn(names, "state").slice(0, -keptStates);
      await Promise.all(old.map(async (each) => rm(join(path, numbered("state", each)), { force: true })));
      await sweep(path, names);
      return true;
    },
    async claim(experiment, process, ttlMs) {
      const path = judgeOf(experiment);
      const [{ state }, { fence, lease }] = await Promise.all([latest(experiment), leaseOf(experiment)]);
      if (state === undefined) return undefined;
      const now = Date.now();
      const text = JSON.stringify({ process, until: now + ttlMs } satisfies Lease);
      if (lease !== undefined && lease.until > now) {
        if (lease.process !== process) return undefined;
        await put(path, numbered("lease", fence), text);
        return fence;
      }
      if (ttlMs === 0) return undefined;
      // A time, so that it grows over what was forgotten as well.
      const next = Math.max(fence + 1, now);
      if (!(await make(path, numbered("lease", next), text))) return undefined;
      const names = await entries(path);
      const old = numbersIn(names, "lease").slice(0, -2);
      await Promise.all(old.map(async (each) => rm(join(path, numbered("lease", each)), { force: true })));
      await sweep(path, names);
      return next;
    },
    async collect(experiment, epoch, fence): Promise<Evidence> {
      if ((await leaseOf(experiment)).fence !== fence) throw oldFence(experiment);
      const [filed, concluded] = await Promise.all([reports.of(experiment), takenOver(experiment, fence)]);
      const { folded, through = -Infinity, kept } = concluded;
      const live = filed.filter(({ row }) => !(Object.hasOwn(folded, row.process) && row.at <= folded[row.process]!));
      // Tables of folded processes are still theirs, until the windows are folded.
      const tables = filed.filter(({ row }) => row.evidenceEpoch === epoch && row.process !== undefined);
      return {
        now: Date.now(),
        reports: live.map(({ row }) => row),
        units: tables.map(({ row: { version }, units }) => ({
          ...(version !== undefined && { version }),
          units: units.filter((each) => !isTable(each) || each.window > through),
        })),
        ...(kept !== undefined && { kept }),
      };
    },
    async conclude(experiment, fence, verdict, retired) {
      if ((await leaseOf(experiment)).fence !== fence) return false;
      const path = judgeOf(experiment);
      const before = await takenOver(experiment, fence);
      const goes = new Set([...Object.keys(before.folded), ...(retired?.processes ?? [])]);
      const filed = (await reports.of(experiment)).filter(({ row }) => goes.has(row.process));
      const isNew = new Set(retired?.processes);
      const folded = Object.fromEntries(
        filed.map(({ row: { process, at } }) => [process, isNew.has(process) ? at : before.folded[process]!]),
      );
      const { kept, through } = retired ?? before;
      const concluded: Concluded = { verdict, kept, folded, ...(through !== undefined && { through }) };
      // In a file of its own fence: a judge that was replaced meanwhile writes what nobody reads.
      await put(path, numbered("verdict", fence), JSON.stringify(concluded));
      const numbers = numbersIn(await entries(path), "verdict");
      if (numbers.at(-1) !== fence) return false;
      await Promise.all(
        numbers.slice(0, -1).map(async (each) => rm(join(path, numbered("verdict", each)), { force: true })),
      );
      return true;
    },
    async forget(experiment) {
      await reports.forget(experiment);
      await rm(folderOf(experiment), { recursive: true, force: true });
    },
  };
}

/** What a file has, as JSON; `undefined` where there is none, or it cannot be read. */
function readJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parse(text: string, file: string): RolloutState {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new SidelaneError(
      "invalid-state",
      `${file}: expected a rollout state as JSON. It is left as it is; mend or remove it by hand`,
      { cause },
    );
  }
  return readState(data, file);
}
