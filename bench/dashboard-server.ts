// What bench/dashboard.bench.ts looks at: five experiments with traffic, four hours old, and their page.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Laboratory } from "../src/index.ts";
import { toNodeListener } from "../src/http/index.ts";
import { systemClock, type Clock } from "../src/model/clock.ts";
import { dashboard } from "../src/report/index.ts";
import { ramp } from "../src/rollout/index.ts";

const [experiments, minutes, callsPerSecond] = [5, 240, 100];

let passedMs = -minutes * 60_000;
const clock: Clock = {
  ...systemClock,
  now: () => systemClock.now() + passedMs,
  monotonic: () => systemClock.monotonic() + passedMs,
};
const lab = new Laboratory({ clock, labels: { build: "a1" } });
const calls = Array.from({ length: experiments }, (_, index) =>
  lab.experiment(`experiment ${index}`, {
    control: async (n: number): Promise<unknown> => ({ n, lines: [{ sku: n % 5, price: n * 1.2 }] }),
    candidate: async (n: number): Promise<unknown> => ({
      n: n % 1_000 === index ? String(n) : n,
      lines: n % 4_000 === 7 + index ? [] : [{ sku: n % 5, price: n * 1.2 }],
    }),
    key: (n: number) => `k${n % 900}`,
    ...(index % 2 === 0 && { rollout: ramp({ steps: [0.05, 0.25] }) }),
    about: { owner: "pricing" },
  }),
);
const handler = dashboard({ laboratory: lab, clock });

let called = 0;
async function call(times: number): Promise<void> {
  const all: Promise<unknown>[] = [];
  for (let each = 0; each < times; each++) all.push(calls[called % experiments]!((called += 1)));
  await Promise.all(all);
}

for (let minute = 0; minute < minutes; minute++) {
  await call(50);
  await lab.settled();
  await handler(new Request("http://127.0.0.1/?show=epoch"));
  passedMs += 60_000;
}

const everyMs = 50;
setInterval(() => void call((callsPerSecond * everyMs) / 1_000), everyMs);

const server = createServer(toNodeListener(handler));
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
// In milliseconds of processor time.
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send!((user + system) / 1_000);
});
