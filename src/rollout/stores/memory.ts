import { readState } from "../read-state.ts";
import type { ReportedTotals, RolloutStore } from "./store.ts";

/** Keeps states in this process: for tests, and for several laboratories in one process. Nothing survives it. */
export function memoryStore(): RolloutStore {
  // Kept as text, so that no reader can change what another one gets.
  const states = new Map<string, string>();
  const reports = new Map<string, Map<string, string>>();
  const watchers = new Map<string, Set<() => void>>();

  async function load(experiment: string): Promise<ReturnType<typeof readState> | undefined> {
    const text = states.get(experiment);
    return Promise.resolve(text === undefined ? undefined : readState(JSON.parse(text), `memoryStore "${experiment}"`));
  }

  return {
    load,
    async compareAndSet(experiment, expectedEpoch, next) {
      const text = states.get(experiment);
      const epoch = text === undefined ? undefined : readState(JSON.parse(text)).epoch;
      if (epoch !== expectedEpoch) return Promise.resolve(false);
      states.set(experiment, JSON.stringify(next));
      for (const onChange of watchers.get(experiment) ?? []) queueMicrotask(onChange);
      return Promise.resolve(true);
    },
    async report(experiment, totals) {
      const byProcess = reports.get(experiment) ?? new Map<string, string>();
      reports.set(experiment, byProcess.set(totals.process, JSON.stringify(totals)));
      return Promise.resolve();
    },
    async totals(experiment, epoch) {
      const all = [...(reports.get(experiment)?.values() ?? [])].map((text) => JSON.parse(text) as ReportedTotals);
      return Promise.resolve(all.filter((each) => each.epoch === epoch));
    },
    watch(experiment, onChange) {
      const listening = watchers.get(experiment) ?? new Set();
      watchers.set(experiment, listening.add(onChange));
      return () => void listening.delete(onChange);
    },
  };
}
