import { readState } from "../read-state.ts";
import type { RolloutState } from "../state.ts";
import { isTable, json, mergedUnits, oldFence, ReadEvidenceTexts, rowOf } from "./shared.ts";
import type { FleetVerdict, ProcessReport, Report, ReportedUnits, RolloutStore, SyncedState } from "./store.ts";
import { mostVersions } from "../versions.ts";

/** One experiment's rows. What is kept is text, so that no reader can change what another one gets. */
interface Kept {
  state: string | undefined;
  id: string | undefined;
  version: string | undefined;
  verdict: string | undefined;
  verdictAt: number | undefined;
  judge: { readonly process: string; until: number } | undefined;
  fence: number;
  kept: string | undefined;
  readonly reports: Map<string, string>;
  /** When each version was last reported of. */
  readonly heardAt: Map<string | undefined, number>;
  tables: Tables[];
  readonly read: ReadEvidenceTexts;
  /** The last window that was folded. */
  through: number;
}

/** Tables of one version, as they came: the judge merges them, so that an exchange costs the same however many there are. */
interface Tables {
  readonly epoch: number;
  readonly version: string | undefined;
  texts: string[];
  /** What they were merged into, and up to which window others were left out. */
  merged?: { readonly text: string; readonly units: readonly ReportedUnits[]; readonly through: number };
}

// Without a judge, so many wait.
const mostTexts = 1_000;

/**
 * Keeps states in this process: for tests, and for several laboratories in one process. Nothing survives it. Its clock is that of the
 * laboratory that asked first.
 */
export function memoryStore(): RolloutStore {
  const experiments = new Map<string, Kept>();
  const watchers = new Set<(experiment: string) => void>();
  const known = new Set<string>();
  // Nobody has said what time it is.
  let isSet = false;
  let now = 0;
  // One for all experiments, so that it grows over what is forgotten as well.
  let fences = 0;

  function keptOf(experiment: string): Kept {
    const kept = experiments.get(experiment) ?? {
      ...{
        state: undefined,
        id: undefined,
        version: undefined,
        verdict: undefined,
        verdictAt: undefined,
        judge: undefined,
        kept: undefined,
      },
      ...{ fence: 0, reports: new Map<string, string>(), heardAt: new Map(), tables: [], through: -Infinity },
      read: new ReadEvidenceTexts(),
    };
    experiments.set(experiment, kept);
    return kept;
  }

  function take(report: Report): void {
    const kept = keptOf(report.experiment);
    const { units } = report;
    const row = rowOf(report, now);
    kept.reports.set(row.process, JSON.stringify(row));
    // The latest versions last: of more than are remembered the first goes.
    kept.heardAt.delete(row.version);
    kept.heardAt.set(row.version, now);
    if (kept.heardAt.size > mostVersions) kept.heardAt.delete(kept.heardAt.keys().next().value);
    if (units.length === 0) return;
    const epoch = row.evidenceEpoch;
    kept.tables = kept.tables.filter((each) => each.epoch >= epoch - 1);
    let same = kept.tables.find((each) => each.epoch === epoch && each.version === row.version);
    if (same === undefined) kept.tables.push((same = { epoch, version: row.version, texts: [] }));
    same.texts.push(JSON.stringify(units));
    if (same.texts.length > mostTexts) mergedIn(same, kept.through);
  }

  function answer(reports: readonly Report[]): SyncedState {
    const { experiment } = reports[0]!;
    const kept = keptOf(experiment);
    const isNews = reports.some(({ knows }) => knows === undefined || knows !== kept.id);
    const isNewVerdict = reports.some(({ knowsVerdict }) => knowsVerdict !== kept.verdictAt);
    const isOther = kept.id !== undefined && reports.some(({ version }) => version !== kept.version);
    const heardAt = isOther ? kept.heardAt.get(kept.version) : undefined;
    return {
      ...(isNews && { state: stateIn(kept.state, experiment) }),
      ...(isNewVerdict && kept.verdict !== undefined && { verdict: JSON.parse(kept.verdict) as FleetVerdict }),
      ...(kept.judge !== undefined && kept.judge.until > now && { judge: kept.judge.process }),
      ...(heardAt !== undefined && { presentHeardAt: heardAt }),
    };
  }

  return {
    async sync(reports) {
      // A process that has asked before goes by the time of this store, so its time is that.
      for (const { process, at } of reports) {
        if (!Number.isFinite(at)) continue;
        now = isSet && !known.has(process) ? now : Math.max(now, at);
        isSet = true;
        known.add(process);
      }
      for (const report of reports) take(report);
      const byName = new Map<string, Report[]>();
      for (const report of reports) {
        const same = byName.get(report.experiment);
        if (same) same.push(report);
        else byName.set(report.experiment, [report]);
      }
      const states = [...byName].map(([name, each]) => [name, answer(each)]);
      return Promise.resolve({ now, states: Object.fromEntries(states) as Record<string, SyncedState> });
    },
    async compareAndSet(experiment, expectedId, next) {
      const kept = keptOf(experiment);
      if (kept.id !== expectedId) return Promise.resolve(false);
      kept.state = JSON.stringify(next);
      kept.id = next.id;
      kept.version = next.candidateVersion;
      for (const onChange of watchers) queueMicrotask(() => onChange(experiment));
      return Promise.resolve(true);
    },
    async claim(experiment, process, ttlMs) {
      const kept = keptOf(experiment);
      const isMine = kept.judge?.process === process && kept.judge.until > now;
      const isTaken = kept.judge !== undefined && kept.judge.until > now && !isMine;
      if (isTaken || kept.id === undefined) return Promise.resolve(undefined);
      if (!isMine) kept.fence = ++fences;
      kept.judge = { process, until: now + ttlMs };
      return Promise.resolve(kept.fence);
    },
    async collect(experiment, epoch, fence) {
      const kept = keptOf(experiment);
      if (fence !== kept.fence) throw oldFence(experiment);
      const tables = kept.tables.filter((each) => each.epoch === epoch);
      return Promise.resolve({
        now,
        reports: kept.read.rows.all([...kept.reports.values()]) as readonly ProcessReport[],
        units: tables.map((each) => ({
          ...(each.version !== undefined && { version: each.version }),
          units: mergedIn(each, kept.through),
        })),
        ...(kept.kept !== undefined && { kept: kept.read.kept.all([kept.kept])[0] }),
      });
    },
    async conclude(experiment, fence, verdict, retired) {
      const kept = keptOf(experiment);
      if (fence !== kept.fence) return Promise.resolve(false);
      kept.verdict = JSON.stringify(verdict);
      kept.verdictAt = verdict.at;
      if (retired) {
        kept.kept = JSON.stringify(retired.kept);
        for (const process of retired.processes) kept.reports.delete(process);
        kept.through = retired.through ?? kept.through;
      }
      return Promise.resolve(true);
    },
    async forget(experiment) {
      experiments.delete(experiment);
      return Promise.resolve();
    },
    watch(onChange) {
      watchers.add(onChange);
      return () => void watchers.delete(onChange);
    },
  };
}

function stateIn(text: string | undefined, experiment: string): RolloutState | null {
  return text === undefined ? null : readState(JSON.parse(text), `memoryStore "${experiment}"`);
}

/** Merges what came, leaves out what is folded, and keeps that in its place. */
function mergedIn(tables: Tables, through: number): readonly ReportedUnits[] {
  const last = tables.merged;
  const [first] = tables.texts;
  if (last && last.through === through && tables.texts.length === 1 && first === last.text) return last.units;
  const given = tables.texts.flatMap((text) => (text === last?.text ? last.units : (json(text) as ReportedUnits[])));
  const units = mergedUnits(given.filter((each) => !isTable(each) || each.window > through));
  tables.merged = { text: JSON.stringify(units), units, through };
  tables.texts = units.length === 0 ? [] : [tables.merged.text];
  return units;
}
