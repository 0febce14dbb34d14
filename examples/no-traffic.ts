import { Laboratory } from "sidelane";
import { ramp } from "sidelane/rollout";
import { fixedClock } from "sidelane/testing";

const clock = fixedClock(); // so that an hour passes at once
const rollout = ramp({ onReady: "advance", unkeyed: "by-call" });
rollout.on(({ kind, reason }) => {
  console.log(`${kind}: ${reason}`);
});

const lab = new Laboratory({ clock, publishers: [] });
const total = lab.experiment("total", {
  control: (lines: readonly number[]) => lines.reduce((sum, line) => sum + line, 0),
  candidate: (lines) => lines.reduce((sum, line) => line + sum, 0),
  enabled: (lines) => lines.length > 1_000, // nobody has as many: the candidate never runs
  rollout,
});

for (let call = 0; call < 60; call++) {
  total([1, 2, 3]);
  await clock.advanceAsync(60_000);
}

const verdict = rollout.verdict();
console.log(verdict.kind, verdict.kind === "insufficient" && verdict.missing, rollout.current().stage);
await lab.close();
// Prints:
// stalled: 10 calls in 600 s, and not one of them was compared.
// insufficient no-traffic shadow
