// Writes records to a file until it is killed: in each minute of a clock of its own as many calls as the minute's number says.
import { Laboratory } from "../../src/experiment/laboratory.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { callsOf } from "./calls-of.ts";

const [path = "", minutes = "Infinity"] = process.argv.slice(2);
const clock = fixedClock(0);
const lab = new Laboratory({ publishers: [ndjsonPublisher({ path })], clock, labels: { build: "a1" } });
const price = lab.experiment("price", {
  control: (call: number): unknown => call,
  candidate: (call: number): unknown => (call % 5 === 0 ? String(call) : call),
  enabled: (call: number) => call % 4 !== 1,
});
for (let minute = 1; minute <= Number(minutes); minute++) {
  for (let call = 0; call < callsOf(minute); call++) price(call);
  await lab.settled();
  await lab.flush();
  await clock.advanceAsync(60_000);
  await lab.flush();
}
await lab.close();
