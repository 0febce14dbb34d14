// Run by store.test.ts in processes of its own: makes ten changes, each upon whatever the others did.
import { fileStore } from "../../../src/rollout/stores/file.ts";
import { transition } from "../../../src/rollout/state.ts";

const [folder = "", name = ""] = process.argv.slice(2);
const store = fileStore(folder);
await store.report("price", { process: name, epoch: 1, candidates: {} });
for (let made = 0; made < 10;) {
  const state = (await store.load("price"))!;
  const kind = state.mode === "paused" ? "resume" : "pause";
  const next = transition(state, { kind, by: name, reason: "", at: made });
  if (await store.compareAndSet("price", state.epoch, next)) made++;
}
