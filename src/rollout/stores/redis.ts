import { checkOptions } from "../../model/check-options.ts";
import { aFunction, aWhole, orElse, required, settle, where, type OptionTable } from "../../model/option-table.ts";
import { readState } from "../read-state.ts";
import { runScript, shaOf, type IoredisClient, type NodeRedisClient } from "./redis-clients.ts";
import { listenWith } from "./redis-listen.ts";
import type { scripts } from "./redis-scripts.ts";
import { mergedOf, tablesText, type MergedRows } from "./redis-tables.ts";
import { rowIn, rowText } from "./row-text.ts";
import { escaped, json, newsIn, newsOf, oldFence, ReadTexts, syncOf, unescaped, type AnsweredAlone } from "./shared.ts";
import type { Evidence, FleetVerdict, ProcessReport, Report, RolloutStore } from "./store.ts";
import { watching } from "./watching.ts";

export type { IoredisClient, NodeRedisClient } from "./redis-clients.ts";

/** Settings of {@link redisStore}. */
export interface RedisStoreOptions {
  /** A connected client of `redis` or `ioredis`, to the primary. It is duplicated once to watch, and closed by the code that made it. */
  readonly client: NodeRedisClient | IoredisClient;
  /** What all keys begin with; `sidelane:` by default. */
  readonly prefix?: string;
  /** How many replicas are to have a state within a second after it was written (`WAIT`); 0 by default, which does not wait. */
  readonly replicas?: number;
  /** Told where fewer replicas had it. The state is written all the same. */
  readonly onShortfall?: (error: Error) => void;
}

/** The options of `redisStore`, with their defaults, as it checks them and as docs/options.md lists them. */
export const redisStoreTable: OptionTable<RedisStoreOptions, "prefix" | "replicas"> = {
  client: required(
    where(
      "a client of `redis` or `ioredis`",
      (got) => typeof got === "object" && got !== null && shaOf(got) !== undefined,
    ),
  ),
  // Redis Cluster would look for the slot of all of a key, where its first braces have nothing in them.
  prefix: orElse(
    where("a text without `{}`", (got) => typeof got === "string" && !got.includes("{}")),
    "sidelane:",
  ),
  replicas: orElse(aWhole(), 0),
  onShortfall: aFunction,
};

const waitMs = 1_000;

/**
 * Keeps states and evidence in Redis 6 or later, all keys of an experiment in one hash slot. Every step is one script, and its clock is the
 * server's. Redis may lose what it acknowledged in a failover; `forked` and `staleAfterMs` bound what that can do, `replicas` makes it
 * rarer, and where neither is good enough there is `postgresqlStore`.
 *
 * @throws {SidelaneError} `invalid-option` when `client` is none
 */
export function redisStore(options: RedisStoreOptions): RolloutStore {
  const { client, prefix, replicas, onShortfall } = settle(checkOptions("redisStore"), redisStoreTable, options);
  const channel = `${prefix}changes`;
  const keysOf = (experiment: string): string[] =>
    ["state", "reports", "heard", "units"].map((kind) => `${prefix}{${escaped(experiment)}}:${kind}`);
  const run = async (name: keyof typeof scripts, experiment: string, ...given: string[]): Promise<unknown> =>
    runScript(client, name, keysOf(experiment), given);

  const lastRead = new Map<string, LastRead>();

  /** @returns without `now` where Redis refuses this experiment's part */
  async function synced(report: Report): Promise<AnsweredAlone> {
    const { experiment, evidenceEpoch: epoch, version = "", units, knows = "", knowsVerdict = "" } = report;
    const tables = units.length === 0 ? "" : tablesText({ epoch, version, units });
    const given = [escaped(report.process), rowText(report), escaped(version), tables, knows, String(knowsVerdict)];
    let answer: unknown;
    try {
      answer = await run("sync", experiment, ...given);
    } catch (error) {
      return { answer: { failed: error } };
    }
    // Some clients mix answers up after a connection was lost: another command's says nothing of the state.
    if (!Array.isArray(answer) || answer.length !== 6 || !(Number(answer[0]) > 0))
      throw new Error("Redis answered an exchange with something else, which is left out");
    const [now = "", id, state, verdict, judge = "", heardAt] = answer.map(String);
    try {
      return {
        now: Number(now),
        answer: {
          ...(id === "" && { state: null }),
          ...(state && { state: readState(json(state), `Redis, experiment ${JSON.stringify(experiment)}`) }),
          ...(verdict && { verdict: (json(verdict) ?? {}) as FleetVerdict }),
          ...(judge && { judge: unescaped(judge) }),
          ...(heardAt && { presentHeardAt: Number(heardAt) }),
        },
      };
    } catch (error) {
      // What cannot be read stops nobody else.
      return { now: Number(now), answer: { failed: error } };
    }
  }

  return {
    async sync(reports) {
      // Sent together: a client pipelines what is sent in one turn.
      return syncOf(reports, await Promise.all(reports.map(synced)));
    },
    async compareAndSet(experiment, expectedId, next) {
      const { id, candidateVersion = "" } = next;
      const given = [
        expectedId ?? "",
        id,
        JSON.stringify(next),
        escaped(candidateVersion),
        channel,
        newsOf(experiment, next),
      ];
      if (Number(await run("cas", experiment, ...given)) !== 1) return false;
      if (replicas > 0) {
        const had = Number(await client.wait(replicas, waitMs));
        if (had < replicas) {
          onShortfall?.(
            new Error(`Of ${replicas} replicas ${had} had the new state of ${experiment} within ${waitMs} ms`),
          );
        }
      }
      return true;
    },
    async claim(experiment, process, ttlMs) {
      const fence = await run("claim", experiment, escaped(process), String(ttlMs));
      return fence === null ? undefined : Number(fence);
    },
    async collect(experiment, epoch, fence): Promise<Evidence> {
      const last = lastRead.get(experiment) ?? { rows: new ReadTexts(), kept: new ReadTexts(), merged: undefined };
      const known = last.merged?.epoch === epoch ? last.merged : undefined;
      const { count: knownRows = 0, folds: knownFolds = "" } = known ?? {};
      const answer = await run("collect", experiment, String(fence), String(knownRows), knownFolds);
      if (!Array.isArray(answer)) {
        lastRead.delete(experiment);
        throw oldFence(experiment);
      }
      lastRead.set(experiment, last);
      const [now, kept, through, rows, from, folds, tables] = answer as CollectedRows;
      const read = mergedOf(Number(from) > 0 ? known : undefined, tables, epoch, through);
      const count = Number(from) + tables.length;
      const before = Number(from) > 0 && known ? known : { folded: 0, unfolded: 0 };
      const unfolded = before.unfolded + lengthOf(tables);
      last.merged = { epoch, through, count, folds, ...read, folded: before.folded, unfolded };
      // Folded: many rows into one for each version, under the fence.
      const few = read.tables.length + read.later.length;
      if (count - few >= fewUnfolded && unfolded >= foldedAt * before.folded) {
        const texts = [...read.tables.map((each) => tablesText({ epoch, ...each })), ...read.later];
        const after = await run("fold", experiment, String(fence), folds, String(count), ...texts);
        if (after !== null) {
          const sizes = { count: few, folded: lengthOf(texts), unfolded: 0 };
          last.merged = { epoch, through, folds: String(Number(after)), ...read, ...sizes };
        }
      }
      return {
        now: Number(now),
        reports: last.rows.all(rows, rowIn) as readonly ProcessReport[],
        units: read.tables.map(({ version, units }) => ({ ...(version !== "" && { version }), units })),
        ...(kept !== "" && { kept: last.kept.all([kept])[0] }),
      };
    },
    async conclude(experiment, fence, verdict, retired) {
      const kept = retired ? JSON.stringify(retired.kept) : "";
      const through = retired?.through === undefined ? "" : String(retired.through);
      const processes = (retired?.processes ?? []).map(escaped);
      const given = [String(fence), JSON.stringify(verdict), String(verdict.at), kept, through, ...processes];
      return Number(await run("conclude", experiment, ...given)) === 1;
    },
    async forget(experiment) {
      lastRead.delete(experiment);
      await run("forget", experiment);
    },
    watch: (onChange) => watching(listenWith(client), channel, (message) => onChange(...newsIn(message))),
  };
}

type CollectedRows = [
  now: string,
  kept: string,
  through: string,
  rows: string[],
  from: string,
  folds: string,
  tables: string[],
];

/** What a judge last read of an experiment. */
interface LastRead {
  readonly rows: ReadTexts;
  readonly kept: ReadTexts;
  merged: MergedRows | undefined;
}

// A fold writes all tables anew: worth it once there are so many rows, and once they are so many times as long as what it writes.
const fewUnfolded = 64;
const foldedAt = 3;

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}
