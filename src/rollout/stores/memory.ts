import { readState } from "../read-state.ts";
import type { RolloutState } from "../state.ts";
import { mergedUnits, oldFence, rowOf } from "./shared.ts";
import type { FleetVerdict, ProcessReport, Report, ReportedUnits, RolloutStore, SyncedState } from "./store.ts";

/** One experiment's rows. What is kept is text, so that no reader can change what another one gets. */
interface Kept {
  state: string | undefined;
  id: string | undefined;
  verdict: string | undefined;
  verdictAt: number | undefined;
  judge: { readonly process: string; until: number } | undefined;
  fence: number;
  kept: string | undefined;
  readonly reports: Map<string, string>;
  units: { readonly epoch: number; readonly version: string | undefined; units: readonly ReportedUnits[] }[];
}

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

  function keptOf(experiment: string): Kept {
    const kept = experiments.get(experiment) ?? {
      ...{
        state: undefined,
        id: undefined,
        verdict: undefined,
        verdictAt: undefined,
        judge: undefined,
        kept: undefined,
      },
      ...{ fence: 0, reports: new Map<string, string>(), units: [] },
    };
    experiments.set(experiment, kept);
    return kept;
  }

  function take(report: Report): void {
    const kept = keptOf(report.experiment);
    const { units } = report;
    const row = rowOf(report, now);
    kept.reports.set(row.process, JSON.stringify(row));
    if (units.length === 0) return;
    const epoch = row.evidenceEpoch;
    kept.units = kept.units.filter((each) => each.epoch >= epoch - 1);
    const same = kept.units.find((each) => each.epoch === epoch && each.version === row.version);
    if (same) same.units = mergedUnits([...same.units, ...units]);
    else kept.units.push({ epoch, version: row.version, units: structuredClone(mergedUnits(units)) });
  }

  function answer(reports: readonly Report[]): SyncedState {
    const { experiment } = reports[0]!;
    const kept = keptOf(experiment);
    let state: RolloutState | null = null;
    if (kept.state !== undefined) state = readState(JSON.parse(kept.state), `memoryStore "${experiment}"`);
    const isNews = reports.some(({ knows }) => knows === undefined || knows !== kept.id);
    const isNewVerdict = reports.some(({ knowsVerdict }) => knowsVerdict !== kept.verdictAt);
    const heard = [...kept.reports.values()].map((text) => JSON.parse(text) as ProcessReport);
    const present = heard.filter(({ version }) => version === state?.candidateVersion);
    return {
      ...(isNews && { state }),
      ...(isNewVerdict && kept.verdict !== undefined && { verdict: JSON.parse(kept.verdict) as FleetVerdict }),
      ...(kept.judge !== undefined && kept.judge.until > now && { judge: kept.judge.process }),
      ...(present.length > 0 && { presentHeardAt: Math.max(...present.map(({ at }) => at)) }),
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
      const names = new Set(reports.map(({ experiment }) => experiment));
      const states = [...names].map((name) => [name, answer(reports.filter((each) => each.experiment === name))]);
      return Promise.resolve({ now, states: Object.fromEntries(states) as Record<string, SyncedState> });
    },
    async compareAndSet(experiment, expectedId, next) {
      const kept = keptOf(experiment);
      if (kept.id !== expectedId) return Promise.resolve(false);
      kept.state = JSON.stringify(next);
      kept.id = next.id;
      for (const onChange of watchers) queueMicrotask(() => onChange(experiment));
      return Promise.resolve(true);
    },
    async claim(experiment, process, ttlMs) {
      const kept = keptOf(experiment);
      const isMine = kept.judge?.process === process && kept.judge.until > now;
      const isTaken = kept.judge !== undefined && kept.judge.until > now && !isMine;
      if (isTaken || kept.id === undefined) return Promise.resolve(undefined);
      if (!isMine) kept.fence++;
      kept.judge = { process, until: now + ttlMs };
      return Promise.resolve(kept.fence);
    },
    async collect(experiment, epoch, fence) {
      const kept = keptOf(experiment);
      if (fence !== kept.fence) throw oldFence(experiment);
      const units = kept.units.filter((each) => each.epoch === epoch);
      return Promise.resolve({
        now,
        reports: [...kept.reports.values()].map((text) => JSON.parse(text) as ProcessReport),
        units: units.map(({ version, units: of }) => ({ ...(version !== undefined && { version }), units: of })),
        ...(kept.kept !== undefined && { kept: JSON.parse(kept.kept) as unknown }),
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
        const { through = -Infinity } = retired;
        for (const each of kept.units) each.units = each.units.filter(({ window }) => window > through);
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
