import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SidelaneError } from "../../model/errors.ts";
import { checkOptions } from "../../model/check-options.ts";
import { readState } from "../read-state.ts";
import type { RolloutState } from "../state.ts";
import type { ReportedTotals, RolloutStore } from "./store.ts";

const keptEpochs = 20;
const keptReports = 200;

/**
 * Keeps states in a folder, for the processes of one machine. Each experiment has a folder in it, with a file for each of
 * the latest 20 epochs and one for the totals of each process.
 *
 * A file is written beside its place and then moved there, so a reader never sees half of one; an epoch's file can be made only
 * once, which is what makes two processes agree. The file system must have hard links.
 *
 * @param folder made when it is not there
 * @throws {SidelaneError} `invalid-option` when the folder cannot be made or read; `invalid-state` when it holds a state
 *   that cannot be read, which is never reset by itself
 */
export function fileStore(folder: string): RolloutStore {
  checkOptions("fileStore").text("folder", folder);
  refuseUnreadable(folder);

  async function load(experiment: string): Promise<RolloutState | undefined> {
    const path = folderOf(folder, experiment);
    // An epoch is pruned only when newer ones are there: then look again.
    for (let attempt = 0; ; attempt++) {
      const latest = epochsIn(await entries(path)).at(-1);
      if (latest === undefined) return undefined;
      try {
        const file = join(path, stateFile(latest));
        return parse(await readFile(file, "utf8"), file);
      } catch (error) {
        if (attempt >= 5 || !isMissing(error)) throw error;
      }
    }
  }

  return {
    load,
    async compareAndSet(experiment, expectedEpoch, next) {
      if ((await load(experiment))?.epoch !== expectedEpoch) return false;
      const path = folderOf(folder, experiment);
      await mkdir(path, { recursive: true });
      const draft = join(path, `draft-${randomUUID()}`);
      await writeFile(draft, JSON.stringify(next, null, 2), { flush: true });
      try {
        // Fails when another process was first: the epoch's file is there already.
        await link(draft, join(path, stateFile(next.epoch)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw error;
      } finally {
        await rm(draft, { force: true });
      }
      const old = epochsIn(await entries(path)).slice(0, -keptEpochs);
      await Promise.all(old.map((epoch) => rm(join(path, stateFile(epoch)), { force: true })));
      return true;
    },
    async report(experiment, totals) {
      const path = folderOf(folder, experiment);
      await mkdir(path, { recursive: true });
      const draft = join(path, `draft-${randomUUID()}`);
      await writeFile(draft, JSON.stringify(totals));
      await rename(draft, join(path, `totals-${encode(totals.process)}.json`));
    },
    async totals(experiment, epoch) {
      const path = folderOf(folder, experiment);
      const files = (await entries(path)).filter((name) => name.startsWith("totals-")).slice(0, 10 * keptReports);
      const all = await Promise.all(files.map(async (name) => readTotals(join(path, name))));
      const older = files.filter((_, index) => (all[index]?.epoch ?? epoch) < epoch);
      // Evidence of earlier epochs is never asked for again.
      if (older.length > keptReports) await Promise.all(older.map((name) => rm(join(path, name), { force: true })));
      return all.filter((each) => each?.epoch === epoch) as ReportedTotals[];
    },
  };
}

function refuseUnreadable(folder: string): void {
  let experiments: string[];
  try {
    mkdirSync(folder, { recursive: true });
    experiments = readdirSync(folder);
  } catch (cause) {
    throw new SidelaneError(
      "invalid-option",
      `fileStore: expected \`folder\` to be one that can be made and read, got ${JSON.stringify(folder)}`,
      { cause },
    );
  }
  for (const experiment of experiments) {
    const path = join(folder, experiment);
    if (!existsSync(path)) continue;
    let names: string[];
    try {
      names = readdirSync(path);
    } catch {
      continue; // A file of another program: not ours to judge.
    }
    const latest = epochsIn(names).at(-1);
    if (latest === undefined) continue;
    const file = join(path, stateFile(latest));
    parse(readFileSync(file, "utf8"), file);
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

async function readTotals(file: string): Promise<ReportedTotals | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as ReportedTotals;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new SidelaneError("invalid-state", `${file}: expected reported totals as JSON`, { cause: error });
  }
}

async function entries(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function epochsIn(names: readonly string[]): number[] {
  return names
    .map((name) => /^state-(\d{12})\.json$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function stateFile(epoch: number): string {
  return `state-${String(epoch).padStart(12, "0")}.json`;
}

function folderOf(folder: string, experiment: string): string {
  return join(folder, encode(experiment));
}

/** A name that is one on every file system, and another one for every experiment. */
function encode(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[a-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
