import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { CandidateStatus } from "../../../src/experiment/status/status.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { Rollout } from "../../../src/model/rollout.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import { Tally } from "../../../src/stats/tally.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";

function laboratory(): { lab: Laboratory; clock: ReturnType<typeof fixedClock> } {
  const clock = fixedClock();
  return { lab: new Laboratory({ clock }), clock };
}

function candidateOf(lab: Laboratory, name: string, candidate = "candidate"): CandidateStatus {
  return lab.status().experiments[name]!.candidates[candidate]!;
}

describe("what an experiment keeps of its candidates", () => {
  it("is a tally of every comparison, with both sides' latencies", async () => {
    const { lab, clock } = laboratory();
    const price = lab.experiment("price", {
      control: (cents: number) => (clock.advance(4), cents),
      candidate: (cents) => (clock.advance(8), cents === 7 ? -1 : cents),
    });
    for (let cents = 0; cents < 100; cents++) price(cents);
    await lab.settled();
    const { tally, matched, mismatched } = candidateOf(lab, "price");
    expect(tally.kinds).toMatchObject({ match: 99, mismatch: 1 });
    expect([matched, mismatched]).toEqual([99, 1]);
    const read = Tally.decode(JSON.stringify(tally));
    // Within 1 %.
    expect(Math.abs(read.control.quantile(0.5) - 4)).toBeLessThanOrEqual(0.04);
    expect(Math.abs(read.candidate.quantile(0.99) - 8)).toBeLessThanOrEqual(0.08);
  });

  it("is exact in number when more matches come in a turn than there is room for", async () => {
    const { lab } = laboratory();
    const price = lab.experiment("price", {
      control: (cents: number) => cents,
      candidate: (cents) => (cents % 1_000 === 999 ? -1 : cents),
    });
    for (let cents = 0; cents < 10_000; cents++) price(cents);
    await lab.settled();
    const { tally, verdict } = candidateOf(lab, "price");
    expect(tally.kinds).toMatchObject({ match: 9_990, mismatch: 10 });
    expect(verdict).toMatchObject({ comparisons: 10_000, units: 10_000 });
    expect(tally.control.count).toBeGreaterThanOrEqual(256);
    expect(tally.control.count).toBeLessThanOrEqual(10_000);
  });

  it("works matches in by itself, without being asked", async () => {
    const { lab, clock } = laboratory();
    const price = lab.experiment("price", { control: (cents: number) => cents, candidate: (cents) => cents });
    for (let turn = 0; turn < 20; turn++) {
      for (let cents = 0; cents < 200; cents++) price(cents);
      await clock.advanceAsync(0);
      await new Promise(setImmediate);
    }
    // 4 000 in turns of 200: had they waited to be asked for, 256 durations would be left.
    expect(candidateOf(lab, "price").tally.control.count).toBe(4_000);
  });

  it("counts a key once in a window as evidence, and every call in the tally", async () => {
    const { lab, clock } = laboratory();
    const price = lab.experiment("price", {
      control: (customer: string) => customer,
      candidate: (customer) => customer,
      key: (customer) => customer,
    });
    for (let call = 0; call < 900; call++) price(`customer-${call % 3}`);
    await clock.advanceAsync(60_000);
    for (let call = 0; call < 3; call++) price(`customer-${call}`);
    await lab.settled();
    const { tally, verdict } = candidateOf(lab, "price");
    expect(tally.kinds.match).toBe(903);
    expect(verdict).toMatchObject({ comparisons: 903, units: 6 });
  });

  it("is a verdict for each of several candidates", async () => {
    const { lab, clock } = laboratory();
    const total = lab.experiment("total", {
      control: async (cents: number) => Promise.resolve(cents),
      candidates: {
        good: async (cents) => Promise.resolve(cents),
        bad: async (cents) => Promise.resolve(cents + 1),
        dead: () => Promise.reject(new Error("dead")),
      },
    });
    for (let cents = 0; cents < 9_000; cents++) {
      await total(cents);
      clock.advance(10);
    }
    await lab.settled();
    expect(candidateOf(lab, "total", "good").verdict).toMatchObject({ kind: "ready", candidate: "good" });
    expect(candidateOf(lab, "total", "bad").verdict).toMatchObject({ kind: "regressed", gate: "mismatch" });
    // Paused after twenty failures in a row, which is what the tally says as well.
    const dead = candidateOf(lab, "total", "dead");
    expect(dead.tally.candidateErrors).toBe(dead.started);
    expect(dead.verdict.kind).not.toBe("ready");
  });

  it("says `no-traffic` of a candidate that was never run", () => {
    const { lab } = laboratory();
    lab.experiment("price", { control: () => 1, candidate: () => 1, sample: 0 })();
    expect(candidateOf(lab, "price").verdict).toMatchObject({ kind: "insufficient", missing: "no-traffic" });
  });
});

describe("a laboratory's report", () => {
  it("says where an experiment stands that has no rollout", async () => {
    const { lab, clock } = laboratory();
    const price = lab.experiment("price", {
      control: (cart: { cents: number }) => ({ total: cart.cents }),
      candidate: ({ cents }) => (clock.advance(0.5), { total: cents === 3 ? 0 : cents }),
      about: { owner: "payments", link: "JIRA-42", until: "2025-12-30" },
    });
    for (let cents = 0; cents < 100; cents++) price({ cents });
    lab.enabled = false;
    price({ cents: 1 });
    await lab.settled();
    expect(lab.report("price")).toBe(`price · owner payments · JIRA-42 · OVERDUE since 2025-12-30, by 2 d
calls        101
not compared 1 disabled

candidate: INSUFFICIENT (too-few)
  8 465 more units without a bad one needed, about 4.2 s at the present rate.
  compared   100, 99 % match; 1 mismatch
  mismatches at most 8.24 %, with 99 % confidence
  errors     0 of the candidate alone, 0 of control
                    p50       p95       p99
  control          0 ms      0 ms      0 ms
  candidate      0.5 ms    0.5 ms    0.5 ms

kinds of mismatch
         1 × $.total value

faults       none
cost         50 ms on the callers' path, 0.5 ms a call; 96 bytes of evidence copied
`);
  });

  it("tells the stage, who answered, and the ramp's own verdict", async () => {
    const { lab, clock } = laboratory();
    const rollout = ramp({ steps: [0.5], onReady: "notify" });
    const price = lab.experiment("price", {
      control: (customer: string) => customer.length,
      candidate: (customer) => customer.length,
      key: (customer) => customer,
      rollout,
    });
    for (let call = 0; call < 100; call++) price(`customer-${call}`);
    await rollout.advance({ by: "Ada" });
    for (let call = 0; call < 200; call++) {
      price(`customer-${call}`);
      clock.advance(10);
    }
    await lab.settled();
    const page = lab.report("price");
    expect(page).toMatch(/^price · ramp at 50 %\ncalls {8}300\nserved {7}(9\d|1[01]\d) by the candidate, 0 by control/);
    // The stage's evidence is 200 calls old, the counts are of all 300.
    expect(page).toContain("compared   300, 100 % match");
    expect(lab.status().experiments["price"]).toMatchObject({ rollout: { stage: "ramp", share: 0.5, epoch: 2 } });
    expect(candidateOf(lab, "price").verdict).toMatchObject({ comparisons: 200, kind: "insufficient" });
    await lab.close();
  });

  it("says that a ramp was rolled back, by which gate and why, and when it pauses", async () => {
    const { lab } = laboratory();
    const rollout = ramp({ unkeyed: "by-call" });
    const greet = lab.experiment("greet", { control: () => 1, candidate: () => 2, rollout });
    await rollout.pause({ by: "ada", reason: "lunch" });
    expect(lab.report("greet")).toContain("Paused by ada, lunch");
    await rollout.resume({ by: "ada", reason: "back" });
    for (let time = 0; time < 20; time++) greet();
    await lab.settled();
    expect(rollout.verdict().reasons[0]).toMatch(
      /^Rolled back until a person clears it, by ramp, candidate: .*mismatch/,
    );
    expect(lab.report("greet")).toContain("Rolled back until a person clears it");
  });

  it("looks for secrets in what people and a gate say of a rollout, as status does", async () => {
    const { lab } = laboratory();
    const rollout = ramp({ unkeyed: "by-call" });
    lab.experiment("greet", { control: () => 1, candidate: () => 1, rollout })();
    await lab.settled();
    const said = { by: "ada@example.org", reason: "password=hunter2planted was seen" };
    for (const change of ["pause", "rollback"] as const) {
      await rollout[change](said);
      const told = lab.report() + JSON.stringify(lab.status());
      expect(told).toContain("by [redacted], password=[redacted] was seen");
      expect(told).not.toMatch(/ada@|hunter2planted/);
    }
    await lab.close();
  });

  it("is about every experiment where none is named", () => {
    const { lab } = laboratory();
    lab.experiment("one", { control: () => 1, candidate: () => 1 });
    lab.experiment("two", { control: () => 1, candidate: () => 1 });
    expect(lab.report()).toMatch(/^one\ncalls[^]*\n\ntwo\ncalls/);
  });

  it("refuses a name that there is not, and says which there are", () => {
    const { lab } = laboratory();
    lab.experiment("one", { control: () => 1, candidate: () => 1 });
    expect(() => lab.report("two")).toThrow(
      expect.objectContaining({ code: "invalid-option", message: expect.stringContaining("There are: one") as string }),
    );
  });

  it("stands when a foreign rollout throws whatever it is asked", async () => {
    const { lab } = laboratory();
    const throws = (): never => {
      throw new Error("broken");
    };
    let broken = false;
    const rollout: Rollout & { verdict(): never } = {
      current: () => (broken ? throws() : { stage: "ramp", share: 0.5, compare: 1, epoch: 1 }),
      bucket: throws,
      record: throws,
      close: throws,
      verdict: throws,
    };
    const price = lab.experiment("price", { control: () => 1, candidate: () => 1, key: () => "a", rollout });
    expect(price()).toBe(1);
    await lab.settled();
    broken = true;
    expect(price()).toBe(1);
    expect(lab.report("price")).toContain("candidate: INSUFFICIENT");
    await lab.close();
    expect(lab.status().experiments["price"]!.faults.rollout).toBeGreaterThanOrEqual(5);
  });

  it("tells of a rollout that cannot say where it stands, or what it thinks of the candidate", async () => {
    const faults: Fault[] = [];
    const lab = new Laboratory({ clock: fixedClock(), onFault: (fault) => faults.push(fault) });
    const [lost, undecided] = [new Error("lost"), new Error("undecided")];
    const fail = (error: Error) => () => {
      throw error;
    };
    const rollout = { current: fail(lost), verdict: fail(undecided), bucket: () => undefined } as unknown as Rollout;
    lab.experiment("price", { control: () => 1, candidate: () => 1, key: () => "a", rollout });
    expect(lab.report("price")).toMatch(/^price\ncalls/);
    const told = { operation: "rollout", experiment: "price" };
    expect(faults).toEqual([
      { ...told, error: lost },
      { ...told, error: undecided },
    ]);
    expect(lab.status().experiments["price"]).not.toHaveProperty("rollout");
    expect(candidateOf(lab, "price").verdict).toMatchObject({ missing: "no-traffic" });
    await lab.close();
  });
});
