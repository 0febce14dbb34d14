import { systemClock } from "../model/clock.ts";
import { toPublisher } from "../model/publisher.ts";
import { checkOptions } from "../model/check-options.ts";
import type { Publisher, PublisherLike } from "../model/publisher.ts";
import { resultKinds, type Result } from "../model/result.ts";
import type { RolloutEvent } from "../model/rollout.ts";
import { aResult } from "./a-result.ts";
import { hold } from "./hold.ts";
import { hostileValues } from "./hostile-values.ts";
import { plantedResults, secretsIn } from "./secrets.ts";
import { seededRandom } from "./seeded-random.ts";

/** A publisher under test, freshly made. */
export interface OpenedPublisher {
  readonly publisher: PublisherLike;
  /** All that it has written so far, as text. Without it, what is written is not tested. */
  written?(): string | Promise<string>;
  /** Takes away what the test has left behind. */
  cleanUp?(): void | Promise<void>;
}

/** Makes a publisher with a working target. Called once for each test. */
export type OpenPublisher = () => OpenedPublisher | Promise<OpenedPublisher>;

/** What is used of a test runner: vitest, jest and `node:test` have it. */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => void;
  readonly it: (name: string, test: () => Promise<void>) => void;
}

interface Trial {
  readonly publisher: Publisher;
  /** Publishes as a laboratory does, and waits until it is written. */
  readonly publish: (results: readonly Result[]) => Promise<void>;
  readonly written: () => Promise<string>;
}

const event: RolloutEvent = {
  kind: "advanced",
  experiment: "price",
  from: { stage: "shadow", share: 0, epoch: 1 },
  to: { stage: "ramp", share: 0.01, epoch: 2 },
  at: Date.UTC(2026, 0, 1),
  by: "ramp",
  reason: "ready",
};

const mostMs = 3_000;

/** Fails with the name of the value that a publisher throws on, hangs on, or takes too long for. */
async function named(about: string, publish: () => Promise<void>): Promise<void> {
  const startedAt = systemClock.monotonic();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${mostMs} ms`)), mostMs);
  });
  try {
    await Promise.race([publish(), tooLong]);
    const tookMs = systemClock.monotonic() - startedAt;
    hold(tookMs < mostMs, `took ${tookMs.toFixed(0)} ms`);
  } catch (cause) {
    throw new Error(`publishing ${about}: ${cause instanceof Error ? cause.message : "failed"}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** What holds for every publisher, by name; each throws when it does not. */
const laws: Readonly<Record<string, (trial: Trial) => Promise<void>>> = {
  "takes a result of every kind": async ({ publish }) => {
    for (const kind of resultKinds) {
      await publish([aResult({ kind }), aResult({ kind, candidates: [{}, {}] })]);
    }
  },
  "takes whatever was thrown, falsy or not": async ({ publish }) => {
    for (const error of [undefined, null, 0, "", new Error("no"), Object.create(null), Symbol("no")]) {
      await publish([aResult({ control: { outcome: { kind: "threw", error } } })]);
    }
  },
  "takes values that are hostile, endless or huge": async ({ publish }) => {
    for (const [about, value] of hostileValues()) {
      const result = aResult({
        context: { value },
        control: { outcome: { kind: "returned", value } },
        candidates: [
          {
            outcome: { kind: "threw", error: value },
            comparison: {
              kind: "mismatch",
              differences: [{ path: "$", kind: "value", control: value, candidate: value }],
              signature: "v2-hostile",
            },
          },
        ],
      });
      await named(about, () => publish([result]));
    }
  },
  "takes names with control characters, per cent signs and no limit": async ({ publish }) => {
    for (const experiment of ["a\u001b[31mb\nc", "100 %s %d %o", "</script>", "x".repeat(10_000), "\ud800"]) {
      await publish([aResult({ experiment })]);
    }
  },
  "leaves a result as it was": async ({ publish }) => {
    const value = { id: 1, list: [1, { two: 2 }], at: new Date(0) };
    const result = aResult({ context: { value }, control: { outcome: { kind: "returned", value } } });
    const before = JSON.stringify(result);
    await publish([result]);
    hold(JSON.stringify(result) === before, "the result was changed");
  },
  "takes many results, and none": async ({ publisher, publish }) => {
    await publisher.publishBatch?.([]);
    await publish(Array.from({ length: 100 }, () => aResult()));
  },
  "takes rollout events, or does not ask for them": async ({ publisher }) => {
    await publisher.publishEvent?.(event);
    await publisher.flush?.();
  },
  "can be flushed and closed, and closed twice": async ({ publisher, publish }) => {
    await publisher.flush?.();
    await publish([aResult()]);
    await publisher.close?.();
    await publisher.close?.();
  },
};

/** These need to know what was written. */
const lawsOfWriting: typeof laws = {
  "has written something once it was flushed": async ({ publish, written }) => {
    await publish([aResult({ kind: "mismatch" })]);
    hold((await written()).length > 0, "nothing was written");
  },
  "writes no secret by default, wherever it lies": async ({ publish, written }) => {
    await publish(plantedResults(1_000, seededRandom(5)));
    const text = await written();
    hold(text.length > 0, "nothing was written");
    const found = secretsIn(text);
    hold(found.length === 0, `found in what was written: ${found.join(", ")}`);
  },
};

/**
 * Registers the tests that every publisher has to pass: what is publishable, what may not be changed, and what may not be
 * written. Results of kinds that the publisher does not ask for are left out, as a laboratory would.
 *
 * Fails by throwing, so that it runs under vitest, jest and `node:test` alike.
 *
 * @param name of the publisher, for the tests' titles
 * @param open makes a fresh one for each test, with a target that works
 * @param runner by default the global `describe` and `it`
 * @example testPublisher('statsd', () => ({ publisher: statsd({ send }), written: () => sent.join('\n') }))
 */
export function testPublisher(name: string, open: OpenPublisher, runner?: TestRunner): void {
  const { describe, it } = runner ?? globalRunner("testPublisher");
  describe(`${name}, like every publisher,`, () => {
    it("has a name and methods that are methods", () =>
      tried(open, ({ publisher }) => Promise.resolve(void toPublisher(publisher))));
    for (const [law, holds] of Object.entries(laws)) it(law, () => tried(open, holds));
    for (const [law, holds] of Object.entries(lawsOfWriting)) {
      it(law, () => tried(open, (trial, opened) => (opened.written ? holds(trial) : Promise.resolve())));
    }
  });
}

async function tried(
  open: OpenPublisher,
  holds: (trial: Trial, opened: OpenedPublisher) => Promise<void>,
): Promise<void> {
  const opened = await open();
  try {
    const publisher = toPublisher(opened.publisher, "testPublisher");
    await holds(
      {
        publisher,
        publish: (results) => publishAll(publisher, results),
        written: async () => (await opened.written?.()) ?? "",
      },
      opened,
    );
    await publisher.close?.();
  } finally {
    await opened.cleanUp?.();
  }
}

async function publishAll(publisher: Publisher, results: readonly Result[]): Promise<void> {
  const wanted = results.filter(({ kind }) => publisher.kinds?.includes(kind) ?? true);
  if (publisher.publishBatch) {
    for (let start = 0; start < wanted.length; start += 100) {
      await publisher.publishBatch(wanted.slice(start, start + 100));
    }
  } else for (const result of wanted) await publisher.publish(result);
  await publisher.flush?.();
}

/** The runner whose functions are global. @param suite that needs it, for the message where they are not */
export function globalRunner(suite: string): TestRunner {
  const runner = globalThis as unknown as TestRunner;
  const check = checkOptions(suite);
  if (typeof runner.describe !== "function" || typeof runner.it !== "function") {
    check.fail(
      "runner",
      "given where `describe` and `it` are not global",
      undefined,
      `In vitest: ${suite}(name, open, { describe, it })`,
    );
  }
  return runner;
}
