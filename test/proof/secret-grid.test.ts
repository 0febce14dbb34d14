import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Writable } from "node:stream";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import { ramp } from "../../src/rollout/index.ts";
import { toPublisher } from "../../src/model/publisher.ts";
import type { Fault } from "../../src/model/fault.ts";
import { redact } from "../../src/publishers/combine/index.ts";
import { kafkaPublisher } from "../../src/publishers/kafka.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { pinoPublisher } from "../../src/publishers/pino.ts";
import { redisStreamPublisher } from "../../src/publishers/redis-stream.ts";
import { webhookPublisher } from "../../src/publishers/webhook/index.ts";
import type { OpenedPublisher } from "../../src/testing/test-publisher.ts";
import { openers } from "../publishers/openers.ts";
import { partsOf, places, shapes } from "./secret-grid.ts";

/** One experiment for each secret in each place, which tells its publishers what both sides did. */
async function exitsOf(
  publishers: Readonly<Record<string, OpenedPublisher>>,
  options: { readonly clean?: () => unknown } = {},
): Promise<Readonly<Record<string, string>>> {
  const faults: Fault[] = [];
  const laboratory = new Laboratory({
    publishers: Object.entries(publishers).map(([name, { publisher }]) =>
      Object.assign(Object.create(publisher) as typeof publisher, { name }),
    ),
    onFault: (fault) => faults.push(fault),
  });
  let number = 0;
  for (const secret of Object.values(shapes)) {
    for (const place of Object.values(places)) {
      const [control, candidate] = place(secret);
      const call = laboratory.experiment(`call${number++}`, {
        control,
        candidate,
        compare: {},
        context: () => ({ note: secret }),
        ...options,
      });
      try {
        call();
      } catch {
        // Control's own error, which is its caller's.
      }
    }
    await laboratory.settled();
    await laboratory.flush();
  }
  const report = laboratory.report();
  const status = JSON.stringify(laboratory.status());
  await laboratory.close();
  const written = Object.entries(publishers).map(async ([name, opened]) => [name, await opened.written?.()] as const);
  return Object.fromEntries([
    ...(await Promise.all(written)).flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])),
    ["report()", report],
    ["status()", status],
    ["faults", faults.map(({ error, operation }) => `${operation} ${String(error)}`).join("\n")],
  ]);
}

function leaksOf(written: string): readonly string[] {
  return Object.entries(shapes)
    .filter(([, secret]) =>
      partsOf(secret).some((part) =>
        [part, JSON.stringify(part).slice(1, -1), encodeURIComponent(part)].some((each) => written.includes(each)),
      ),
    )
    .map(([name]) => name);
}

const values = { values: "shown" } as const;

function withValues(): Readonly<Record<string, OpenedPublisher>> {
  const sent: Record<string, string[]> = { ndjson: [], redact: [], pino: [], kafka: [], redis: [], webhook: [] };
  const stream = (name: string): Writable =>
    new Writable({
      write(chunk, _, done) {
        sent[name]!.push(String(chunk));
        done();
      },
    });
  const write = (level: string) => (fields: object, text?: string) =>
    sent["pino"]!.push(JSON.stringify([level, fields, text]));
  const logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  const publishers = {
    ndjson: ndjsonPublisher({ stream: stream("ndjson"), perMinute: Infinity, ...values }),
    redact: redact({}, ndjsonPublisher({ stream: stream("redact"), perMinute: Infinity, ...values })),
    pino: pinoPublisher({ logger: logger, ...values }),
    kafka: kafkaPublisher({
      producer: { send: async (each: unknown) => void sent["kafka"]!.push(JSON.stringify(each)) },
      ...values,
    }),
    redis: redisStreamPublisher({
      client: { xAdd: async (...each: unknown[]) => void sent["redis"]!.push(JSON.stringify(each)) },
      ...values,
    }),
    webhook: webhookPublisher({
      url: "https://hooks.slack.com/services/T0/B0/x",
      alertOn: "every-mismatch",
      perMinute: 60,
      fetch: async (_url, { body }) => (sent["webhook"]!.push(body), { ok: true, status: 200, body: null }),
      ...values,
    }),
  };
  return Object.fromEntries(
    Object.entries(publishers).map(([name, publisher]) => [name, { publisher, written: () => sent[name]!.join("\n") }]),
  );
}

/** What publishers write of rollouts whose reasons hold secrets. */
async function eventsOf(
  publishers: Readonly<Record<string, OpenedPublisher>>,
): Promise<Readonly<Record<string, string>>> {
  for (const { publisher: like } of Object.values(publishers)) {
    const publisher = toPublisher(like);
    for (const [at, secret] of Object.values(shapes).entries()) {
      const stage = { stage: "shadow", share: 0, epoch: 1 } as const;
      const more = { from: stage, to: stage, at, by: `ada ${secret}`, reason: `since ${secret} was seen` };
      await publisher.publishEvent?.({ kind: "paused", experiment: "price", ...more });
    }
    await publisher.flush?.();
    await publisher.close?.();
  }
  const written = Object.entries(publishers).map(async ([name, opened]) => [name, (await opened.written?.()) ?? ""]);
  return Object.fromEntries((await Promise.all(written)) as [string, string][]);
}

/** Every type of line: what both sides did, what a person said of a rollout, and what gates from outside and hooks said of it. */
async function linesOf(secrets: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const laboratory = new Laboratory({
    publishers: [ndjsonPublisher({ stream, perMinute: Infinity })],
    onFault: () => undefined,
    pseudonymKey: "a key for tests, and for nothing else",
  });
  for (const [index, secret] of secrets.entries()) {
    const rollout = ramp();
    const call = laboratory.experiment(`call${index}`, {
      control: () => ({ note: secret, [secret]: 1 }),
      candidate: () => ({ note: "other" }),
      key: () => secret,
      context: () => {
        throw new Error(secret);
      },
      rollout,
      about: { owner: "pricing" },
    });
    call();
    await laboratory.settled();
    await rollout.pause({ by: "ada", reason: `since ${secret} was seen` });
    call();
    await laboratory.settled();
  }
  await laboratory.close();
  return lines.join("");
}

describe("of forty secrets in every place, none leaves", () => {
  it("in any type of line, events and their reasons included", async () => {
    const written = await linesOf(Object.values(shapes));
    for (const type of ["start", "tally", "fault", "event", "result"]) expect(written).toContain(`"type":"${type}"`);
    expect(leaksOf(written)).toEqual([]);
  });

  it("has forty shapes", () => expect(Object.keys(shapes)).toHaveLength(40));

  it("in what any publisher says of an event", async () => {
    const opened: Record<string, OpenedPublisher> = {};
    for (const [subpath, variants] of Object.entries(openers)) {
      for (const [variant, open] of Object.entries(variants)) opened[`${subpath} ${variant}`.trim()] = await open();
    }
    const leaks = Object.entries(await eventsOf(opened)).map(([exit, text]) => [exit, leaksOf(text)]);
    for (const { cleanUp } of Object.values(opened)) await cleanUp?.();
    expect(leaks.filter(([, names]) => names!.length > 0)).toEqual([]);
  }, 60_000);

  describe("with values hidden", () => {
    const opened: Record<string, OpenedPublisher> = {};
    let exits: Readonly<Record<string, string>> = {};
    beforeAll(async () => {
      for (const [subpath, variants] of Object.entries(openers)) {
        for (const [variant, open] of Object.entries(variants)) opened[`${subpath} ${variant}`.trim()] = await open();
      }
      exits = await exitsOf(opened);
    }, 120_000);
    afterAll(async () => {
      for (const { cleanUp } of Object.values(opened)) await cleanUp?.();
    });

    it("by any publisher, page, count or fault", () => {
      expect(Object.keys(exits).length).toBeGreaterThan(15);
      const leaks = Object.entries(exits).map(([exit, written]) => [exit, leaksOf(written)]);
      expect(leaks.filter(([, names]) => names!.length > 0)).toEqual([]);
    });
  });

  it("with values shown, which are looked at for secrets", async () => {
    const exits = await exitsOf(withValues());
    for (const exit of ["ndjson", "kafka", "redis"]) expect(exits[exit]).toContain("[redacted]");
    const leaks = Object.entries(exits).map(([exit, written]) => [exit, leaksOf(written)]);
    expect(leaks.filter(([, names]) => names!.length > 0)).toEqual([]);
  }, 120_000);

  it("where `clean` leaves nothing of the values", async () => {
    const exits = await exitsOf(withValues(), { clean: () => "cleaned" });
    const leaks = Object.entries(exits).map(([exit, written]) => [exit, leaksOf(written)]);
    expect(leaks.filter(([, names]) => names!.length > 0)).toEqual([]);
  }, 120_000);
});
