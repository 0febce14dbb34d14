import { Laboratory } from "sidelane";
import { gates, ramp } from "sidelane/rollout";
import { fixedClock } from "sidelane/testing";

const clock = fixedClock(); // so that ten minutes pass at once
const rollout = ramp({
  steps: [0.1, 0.25, 0.5],
  gates: [gates.mismatches(0.01)],
  onReady: "advance",
  minimumTimeMs: 60_000,
});
rollout.on(({ kind, from, to }) => {
  if (kind !== "ready") console.log(`${kind}: ${from.stage} ${from.share * 100} % → ${to.stage} ${to.share * 100} %`);
});

const lab = new Laboratory({ clock, publishers: [] });
const price = lab.experiment("price", {
  control: (_customer: string, cents: number) => Math.round(cents * 1.2),
  // Somebody changes the new service while it answers a quarter of the customers.
  candidate: (_customer, cents) => (broken ? Math.floor(cents * 1.2) : Math.round(cents * 1.2)),
  key: (customer) => customer,
  rollout,
});

let broken = false;
for (let second = 0; second < 600; second++) {
  for (let call = 0; call < 10; call++) price(`customer-${second}-${call}`, second * 10 + call);
  await clock.advanceAsync(1_000);
  broken ||= rollout.current().share === 0.25;
}

const { state, verdict } = rollout.status();
console.log(state.stage, state.mode, verdict.kind);
await lab.close();
// Prints:
// advanced: shadow 0 % → ramp 10 %
// advanced: ramp 10 % → ramp 25 %
// rolled-back: ramp 25 % → shadow 0 %
// shadow rolled-back regressed
