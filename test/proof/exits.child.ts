// Ends a process in the way given, with results still under way, and prints at its very end what was counted.
import { writeSync } from "node:fs";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import type { FlushReport } from "../../src/model/publisher.ts";
import { residualsOf } from "./residuals.ts";

const scenario = process.argv[2];
const calls = 200;
let report: FlushReport | undefined;
let closedAfterMs: number | undefined;

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));
const laboratory = new Laboratory({
  publishers: [
    { name: "at once", publish: () => undefined },
    { name: "slow", publish: () => pause(scenario === "deadline" ? 20 : 1) },
  ],
});
const compare = laboratory.experiment("ending", { control: (n: number) => n, candidate: (n: number) => n + 1 });
// Hangs for good, and is no reason to stay.
const hanging = laboratory.experiment("hanging", {
  control: async () => 1,
  candidate: () => new Promise<number>(() => undefined),
});

async function close(timeoutMs: number): Promise<void> {
  const startedAt = performance.now();
  report = await laboratory.close({ timeoutMs });
  closedAfterMs = performance.now() - startedAt;
}

process.on("exit", (code) => {
  const { experiments, publishers } = laboratory.status();
  const residuals = residualsOf(laboratory.status());
  const told = { code, report, closedAfterMs, residuals, publishers, ending: experiments["ending"], ready: undefined };
  writeSync(1, `\n${JSON.stringify(told)}`);
});

const listenersBefore = process.eventNames().length;
for (let index = 0; index < calls; index++) compare(index);
await hanging();
if (process.eventNames().length !== listenersBefore) throw new Error("a listener was installed on the process");

const scenarios: Readonly<Record<string, () => unknown>> = {
  natural: () => undefined,
  exit: () => process.exit(3),
  SIGTERM() {
    process.once("SIGTERM", () => {
      void close(2_000).then(() => process.exit(0));
    });
    setInterval(() => undefined, 1_000);
    writeSync(1, "ready");
  },
  uncaught() {
    throw new Error("the program's own mistake");
  },
  "uncaught, handled"() {
    process.once("uncaughtException", () => {
      void close(2_000).then(() => process.exit(4));
    });
    setImmediate(() => {
      throw new Error("the program's own mistake");
    });
  },
  deadline: () => close(300),
  disposed: async () => {
    await using closing = laboratory;
    closing.enabled = true;
  },
};
await scenarios[scenario!]!();
