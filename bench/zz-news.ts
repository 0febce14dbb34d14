import { fixedClock } from "../src/testing/fixed-clock.ts";
import { memoryStore } from "../src/rollout/stores/memory.ts";
import { newsIn, newsOf } from "../src/rollout/stores/shared.ts";
import { started, type Process } from "../test/rollout/fleet/process.ts";
import { transition } from "../src/rollout/transition.ts";
const by = "bench";
const clock = fixedClock();
const inner = memoryStore();
const watchers: ((e: string, h?: unknown) => void)[] = [];
const fleet: Process[] = [];
for (let i = 0; i < 100; i++) fleet.push(await started({ ...inner, sync: (r) => inner.sync(r), watch: (w) => { watchers.push(w); return () => undefined; } }, clock, { steps: [0.5], minimumTimeMs: 3_600_000 }));
const heard: number[] = [], asked: number[] = [], wholeCpu: number[] = [];
for (let round = 0; round < 40; round++) {
  await fleet[0]!.ramp.advance({ by });
  for (const w of watchers) w("price");
  await clock.advanceAsync(20);
  if (!fleet.every(({ ramp }) => ramp.current().share > 0)) throw new Error("serving");
  const state = fleet[0]!.ramp.status().state;
  const next = transition(state, { kind: "rollback", by, reason: "x", at: clock.now() });
  await inner.compareAndSet("price", state.id, next);
  const text = newsOf("price", next);
  const t = performance.now();
  if (round % 2) {
    for (const w of watchers) w(...newsIn(text));
    if (fleet.some(({ ramp }) => ramp.current().share > 0)) throw new Error("serves");
    heard.push(performance.now() - t);
  } else {
    for (const w of watchers) w("price");
    while (fleet.some(({ ramp }) => ramp.current().share > 0)) await Promise.resolve();
    asked.push(performance.now() - t);
  }
  await clock.advanceAsync(2_500);
  await fleet[0]!.ramp.clear({ by });
  for (const w of watchers) w("price");
  await clock.advanceAsync(20);
}
const q = (l: number[]): string => { l.sort((a, b) => a - b); return `${l[0]!.toFixed(2)} to ${l.at(-1)!.toFixed(2)}, half ${l[l.length >> 1]!.toFixed(2)} ms`; };
console.log(`100 processes stop by the news: ${q(heard)}; by asking a store in memory: ${q(asked)}`);
process.exit(0);
