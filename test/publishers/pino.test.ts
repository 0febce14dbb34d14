import pino from "pino";
import { describe, expect, it } from "vitest";
import { pinoPublisher } from "../../src/publishers/pino.ts";
import { aResult } from "../../src/testing/a-result.ts";

function opened(options: object = {}) {
  const lines: string[] = [];
  const logger = pino(
    { base: null, timestamp: false, level: "trace" },
    { write: (line: string) => void lines.push(line) },
  );
  const publisher = pinoPublisher({ logger, ...options });
  return { publisher, read: () => lines.map((line) => JSON.parse(line)) };
}

describe("pinoPublisher with the real pino", () => {
  it("writes a mismatch as a warning: a sentence, and the result as data without its values", async () => {
    const { publisher, read } = opened();
    const result = aResult();
    await publisher.publish(result);
    const [line] = read();
    expect(line).toMatchObject({
      level: 40,
      msg: "find-user: candidate differs at $.total (value)",
      sidelane: { v: 2, id: result.id, kind: "mismatch", control: { durationMs: 12 }, candidates: [{ durationMs: 8 }] },
    });
    expect(JSON.stringify(line)).not.toContain("Ada");
  });

  it("shows values when asked to, and redacts what is usually secret", async () => {
    const { publisher, read } = opened({ values: "shown" });
    const outcome = { kind: "returned", value: { name: "Ada", password: "hunter2" } } as const;
    await publisher.publish(aResult({ control: { outcome } }));
    expect(JSON.stringify(read())).toContain("Ada");
    expect(JSON.stringify(read())).not.toContain("hunter2");
  });

  it("asks only for kinds that are logged, and says each in its own words", async () => {
    const { publisher, read } = opened();
    expect(publisher.kinds).toEqual(["ignored", "inconclusive", "timed-out", "mismatch"]);
    for (const kind of publisher.kinds!) await publisher.publish(aResult({ kind }));
    expect(read().map(({ level, msg }) => [level, msg])).toEqual([
      [30, "find-user: candidate differs as rounding knows"],
      [40, "find-user: candidate could not be compared: comparer threw"],
      [40, "find-user: candidate timed out after 10000 ms"],
      [40, "find-user: candidate differs at $.total (value)"],
    ]);
  });

  it("logs at the levels it is given", async () => {
    const { publisher, read } = opened({ levels: { match: "debug", mismatch: "error", ignored: "off" } });
    expect(publisher.kinds).not.toContain("ignored");
    await publisher.publish(aResult({ kind: "match" }));
    await publisher.publish(aResult({ kind: "mismatch" }));
    expect(read().map(({ level, msg }) => [level, msg])).toEqual([
      [20, "find-user: candidate matches"],
      [50, "find-user: candidate differs at $.total (value)"],
    ]);
  });

  it("names three places at most, and how many there are beside them", async () => {
    const { publisher, read } = opened();
    const differences = ["a", "b", "c", "d", "e"].map((key) => ({ path: `$.${key}`, kind: "added" }) as const);
    await publisher.publish(
      aResult({
        candidates: [{ comparison: { kind: "mismatch", signature: "v2-a", differences: differences as never } }],
      }),
    );
    expect(read()[0].msg).toBe("find-user: candidate differs at $.a (added), $.b (added), $.c (added) and 2 more");
  });

  it("logs a rollback as a warning", async () => {
    const { publisher, read } = opened();
    await publisher.publishEvent!({
      kind: "rolled-back",
      experiment: "price",
      from: { stage: "ramp", share: 0.25, epoch: 3 },
      to: { stage: "shadow", share: 0, epoch: 4 },
      at: 0,
      by: "ramp",
      reason: "mismatch gate",
    });
    expect(read()).toMatchObject([
      { level: 40, msg: "price: rolled back from ramp 25 % to shadow (ramp: mismatch gate)" },
    ]);
  });

  it("takes any logger with info and warn, and waits for one that can be flushed", async () => {
    const calls: unknown[][] = [];
    let flushed = 0;
    const logger = {
      info: (...call: unknown[]) => void calls.push(["info", ...call]),
      warn: (...call: unknown[]) => void calls.push(["warn", ...call]),
      flush(done: () => void) {
        flushed += 1;
        done();
      },
    };
    const publisher = pinoPublisher({ logger });
    await publisher.publish(aResult());
    await publisher.flush!();
    expect(calls).toMatchObject([["warn", { sidelane: { v: 2 } }, "find-user: candidate differs at $.total (value)"]]);
    expect(flushed).toBe(1);
  });

  it.each([
    [{}, /expected `logger` to be a logger/],
    [{ logger: { info() {} } }, /expected `logger.warn`/],
    [{ logger: console, levels: { mismatch: "fatal" } }, /expected `levels.mismatch`/],
    [{ logger: console, levels: { mismach: "warn" } }, /did you mean `levels.mismatch`/],
    [{ logger: { info() {}, warn() {} }, levels: { match: "debug" } }, /expected `logger.debug`/],
    [{ logger: console, value: "shown" }, /did you mean `values`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => pinoPublisher(options as never)).toThrow(message);
  });
});
