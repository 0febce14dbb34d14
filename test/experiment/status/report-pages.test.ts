import { expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { gates } from "../../../src/rollout/index.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../../src/testing/index.ts";

interface Bench {
  readonly lab: Laboratory;
  readonly clock: FixedClock;
  readonly rollout: Ramp;
  /** 100 calls a second, each with a key of its own. */
  run(calls: number): Promise<void>;
}

let called = 0;

function bench(
  control: (id: number) => unknown,
  candidate: (id: number) => unknown,
  key = (id: number): unknown => id,
): Bench {
  called = 0;
  const clock = fixedClock();
  const lab = new Laboratory({ clock, random: seededRandom(7) });
  const rollout = ramp({ gates: [gates.mismatches(), gates.errors()], steps: [0.05, 0.5], completeAfterMs: 0 });
  const call = lab.experiment("price", {
    control: control as (id: number) => number,
    candidate: candidate as (id: number) => number,
    key: key as (id: number) => string,
    rollout,
    about: { owner: "payments" },
  });
  return {
    ...{ lab, clock, rollout },
    async run(calls) {
      for (const end = called + calls; called < end; called++) {
        try {
          await (call(called) as unknown);
        } catch {
          // Control's own error.
        }
        if (called % 100 === 99) await clock.advanceAsync(1_000);
      }
      await lab.settled();
    },
  };
}

const by = { by: "Ada" };

const pages: Readonly<Record<string, () => Promise<Bench>>> = {
  async shadow() {
    const shadow = bench(
      (id) => id,
      (id) => (id % 9_000 === 7 ? id + 1 : id),
    );
    await shadow.run(12_000);
    return shadow;
  },
  async ramp() {
    const half = bench(
      (id) => id,
      (id) => id,
    );
    await half.rollout.advance(by);
    await half.rollout.advance(by);
    await half.run(9_000);
    return half;
  },
  async "just rolled back"() {
    let isBad = false;
    const back = bench(
      (id) => id,
      (id) => {
        if (isBad) throw new TypeError("database down");
        return id;
      },
    );
    await back.rollout.advance(by);
    await back.run(3_000);
    isBad = true;
    await back.run(25);
    return back;
  },
  async "nobody served"() {
    const nobody = bench(
      (id) => id,
      (id) => id,
      () => undefined,
    );
    await nobody.rollout.advance(by);
    await nobody.run(3_000);
    return nobody;
  },
  async "all inconclusive"() {
    const lazy = (id: number): unknown => ({ then: (fulfilled: (id: number) => void) => fulfilled(id) });
    const inconclusive = bench(lazy, async (id) => Promise.resolve(id));
    await inconclusive.run(3_000);
    return inconclusive;
  },
  async complete() {
    const done = bench(
      (id) => id,
      (id) => id,
    );
    for (let step = 0; step < 3; step++) await done.rollout.advance(by);
    await done.run(3_000);
    await done.rollout.complete(by);
    await done.run(100);
    await done.clock.advanceAsync(3_600_000);
    return done;
  },
};

it.each(Object.keys(pages))(
  "the page of a rollout in the state %o says what whoever is on call must know",
  async (name) => {
    const { lab } = await pages[name]!();
    await expect(steady(lab.report("price"))).toMatchFileSnapshot(`pages/${name.replaceAll(" ", "-")}.txt`);
    void lab.close();
  },
);

/** Without the last digit of bounds: which keys share a place in a table is drawn anew in each process. */
function steady(page: string): string {
  return page.replace(/(at most \d\.\d\d)\d+ %/g, "$1… %");
}
