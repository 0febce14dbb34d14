import { Laboratory } from "sidelane";
import { gates, ramp } from "sidelane/rollout";
import { fixedClock } from "sidelane/testing";

const clock = fixedClock(); // so that a day passes at once
const rollout = ramp({ steps: [0.1, 0.5], gates: [gates.mismatches(0.01)], onReady: "advance", minimumTimeMs: 60_000 });
rollout.on(({ kind, to, by }) => {
  if (kind === "advanced" || kind === "completed") console.log(`${kind} to ${to.stage} ${to.share} by ${by}`);
});

let controlCalls = 0;
const lab = new Laboratory({ clock, publishers: [] });
const shout = lab.experiment("shout", {
  control: (_user: string, text: string) => {
    controlCalls++;
    return text.toUpperCase();
  },
  candidate: (_user, text) => text.toLocaleUpperCase("en"),
  key: (user) => user,
  rollout,
});

for (let second = 0; second < 300; second++) {
  for (let call = 0; call < 10; call++) shout(`user-${second}-${call}`, "hello");
  await clock.advanceAsync(1_000);
}

await rollout.complete({ by: "Ada" }).catch((error: unknown) => {
  console.log(String(error).split(".")[0]);
});
clock.advance(24 * 60 * 60_000);
await rollout.complete({ by: "Ada", reason: "a day without a difference" });

const before = controlCalls;
console.log(shout("user-1", "hello"), `control ran ${controlCalls - before} times`);
await lab.close();
// Prints:
// advanced to ramp 0.1 by ramp
// advanced to ramp 0.5 by ramp
// advanced to live 1 by ramp
// SidelaneError: ramp: cannot complete
// completed to complete 1 by Ada
// HELLO control ran 0 times
