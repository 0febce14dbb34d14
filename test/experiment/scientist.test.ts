import { describe, expect, it } from "vitest";
import type { AnyFunction } from "../../src/model/any-function.ts";
import {
  Laboratory,
  MismatchError,
  memoryPublisher,
  SidelaneError,
  type Fault,
  type LaboratoryOptions,
  type Result,
} from "../../src/index.ts";
import { cases } from "../cases.ts";
import { fixedClock, seededRandom } from "../../src/testing/index.ts";

// What GitHub's Scientist and its family promise, and where they break it: see docs/scientist-parity.md.

function laboratory(options: LaboratoryOptions = {}) {
  const seen = memoryPublisher();
  const faults: Fault[] = [];
  const lab = new Laboratory({ publishers: [seen], onFault: (fault) => faults.push(fault), ...options });
  const operations = (): string[] => faults.map(({ operation }) => operation);
  return { lab, seen, faults, operations };
}

const fail = (message = "boom"): never => {
  throw new Error(message);
};

function comparisonOf(result: Result | undefined) {
  return result!.candidates[0].comparison;
}

describe("construction", () => {
  it("asks for a name and a control, and says which is missing", () => {
    const { lab } = laboratory();
    const candidate = (): number => 1;
    expect(() => lab.experiment("", { control: () => 1, candidate })).toThrow(/name/);
    expect(() => lab.experiment("a", { candidate } as never)).toThrow(/control.*function/s);
    expect(() => lab.experiment("a", { control: () => 1 } as never)).toThrow(/candidate/);
  });

  it("takes each name once, unless it is told to replace", () => {
    const { lab } = laboratory();
    const sides = { control: () => 1, candidate: () => 1 };
    lab.experiment("twice", sides);
    expect(() => lab.experiment("twice", sides)).toThrow(
      expect.objectContaining({ code: "name-taken", message: expect.stringContaining("twice") as string }),
    );
    expect(lab.experiment("twice", { ...sides, control: () => 2, replace: true })()).toBe(2);
  });

  it("is live without further ado: nothing has to be implemented, and publishing to nobody is no error", async () => {
    const lab = new Laboratory();
    let runs = 0;
    expect(lab.experiment("live", { control: () => 1, candidate: () => (runs += 1) })()).toBe(1);
    expect(runs).toBe(1);
    await expect(lab.close()).resolves.toMatchObject({ complete: true });
  });

  it("merges the laboratory's context with the experiment's own, which wins", async () => {
    const { lab, seen } = laboratory({ context: { service: "shop", region: "eu" } });
    lab.experiment("context", {
      control: (id: number) => id,
      candidate: (id: number) => id,
      context: (id) => ({ id, region: "us" }),
    })(7);
    lab.experiment("plain", { control: () => 1, candidate: () => 1 })();
    await lab.flush();
    expect(seen.results.map(({ context }) => context)).toEqual([
      { service: "shop", region: "us", id: 7 },
      { service: "shop", region: "eu" },
    ]);
  });
});

describe("running", () => {
  it("returns control's value, runs every candidate, and publishes one result", async () => {
    const { lab, seen } = laboratory();
    const ran: string[] = [];
    const call = lab.experiment("several", {
      control: () => (ran.push("control"), 1),
      candidates: { one: () => (ran.push("one"), 1), two: () => (ran.push("two"), 2) },
    });
    expect(call()).toBe(1);
    await lab.flush();
    expect(ran).toEqual(["control", "one", "two"]);
    expect(seen.results).toHaveLength(1);
    expect(seen.results[0]!.candidates.map(({ name, comparison }) => [name, comparison.kind])).toEqual([
      ["one", "match"],
      ["two", "mismatch"],
    ]);
  });

  it("swallows what a candidate throws, and throws on what control throws, as it is", async () => {
    const { lab, seen } = laboratory();
    const error = new Error("control's");
    expect(lab.experiment("swallows", { control: () => 1, candidate: (): number => fail() })()).toBe(1);
    const throws = lab.experiment("throws", {
      control: (): number => {
        throw error;
      },
      candidate: () => 1,
    });
    expect(throws).toThrow(error);
    await lab.flush();
    expect(seen.results.map(({ kind }) => kind)).toEqual(["mismatch", "mismatch"]);
    expect(seen.results[1]!.control.outcome).toEqual({ kind: "threw", error });
  });

  it("runs in both orders where the order is random, each about as often", () => {
    const { lab } = laboratory({ random: seededRandom(3) });
    const firsts = { control: 0, candidate: 0 };
    let first: keyof typeof firsts | undefined;
    const call = lab.experiment("shuffled", {
      control: () => void (first ??= "control"),
      candidate: () => void (first ??= "candidate"),
      order: "random",
    });
    for (let time = 0; time < 10_000; time++) {
      first = undefined;
      call();
      firsts[first!] += 1;
    }
    expect(firsts.control).toBeGreaterThan(4_800);
    expect(firsts.candidate).toBeGreaterThan(4_800);
  });

  it("shuffles control and all candidates, all orders about equally often", () => {
    const { lab } = laboratory({ random: seededRandom(7) });
    const orders = new Map<string, number>();
    let order = "";
    const behavior = (name: string) => (): number => {
      order += name;
      return 1;
    };
    const call = lab.experiment("shuffled", {
      control: behavior("c"),
      candidates: { a: behavior("a"), b: behavior("b") },
      order: "random",
    });
    for (let time = 0; time < 6_000; time++) {
      order = "";
      call();
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect([...orders.keys()].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
    for (const times of orders.values()) expect(Math.abs(times - 1_000)).toBeLessThan(120);
  });

  it("tells results of shuffled candidates in the order of the definition", async () => {
    const { lab, seen } = laboratory({ random: () => 0 });
    const call = lab.experiment("shuffled", {
      control: async () => 1,
      candidates: { a: () => 1, b: async () => 2 },
      order: "random",
    });
    await call();
    await lab.settled();
    const [result] = seen.results;
    expect(result!.candidates.map(({ name, comparison }) => [name, comparison.kind])).toEqual([
      ["a", "match"],
      ["b", "mismatch"],
    ]);
  });

  it("draws one call in a hundred for 1 %, and not two", () => {
    const { lab } = laboratory({ random: seededRandom(5) });
    const call = lab.experiment("sampled", { control: () => 1, candidate: () => 1, sample: 0.01 });
    for (let time = 0; time < 100_000; time++) call();
    const { calls, started, skips } = lab.status().experiments["sampled"]!;
    expect(started).toBeGreaterThan(850);
    expect(started).toBeLessThan(1_150);
    expect(skips).toEqual({ "sampled-out": calls - started });
  });

  it("counts every call and every skip, so that exposure can be told", () => {
    const { lab } = laboratory();
    let on = true;
    const call = lab.experiment("counted", { control: () => 1, candidate: () => 1, enabled: () => on });
    call();
    on = false;
    call();
    call();
    expect(lab.status().experiments["counted"]).toMatchObject({ calls: 3, started: 1, skips: { "not-enabled": 2 } });
  });

  it("takes its durations from the clock it is given", async () => {
    const clock = fixedClock();
    const { lab, seen } = laboratory({ clock });
    lab.experiment("timed", {
      control: () => clock.advance(20),
      candidate: () => clock.advance(5),
    })();
    await lab.flush();
    const { control, candidates } = seen.results[0]!;
    expect([control.durationMs, candidates[0].durationMs, candidates[0].offsetMs]).toEqual([20, 5, 20]);
  });

  it("can be asked to serve what another behavior returns, by a rollout and for a share of the calls", () => {
    const { lab } = laboratory();
    const call = lab.experiment("served", {
      control: () => "old",
      candidate: () => "new",
      rollout: { serve: 1, compare: 1 },
    });
    expect(call()).toBe("new");
  });
});

describe("comparing", () => {
  it("uses the comparer of the definition, with control's value first", async () => {
    const { lab, seen } = laboratory();
    const asked: unknown[] = [];
    lab.experiment("own", {
      control: () => "a",
      candidate: () => "b",
      compare: (...values) => {
        asked.push(values);
        return true;
      },
    })();
    await lab.flush();
    expect(asked).toEqual([["a", "b"]]);
    expect(comparisonOf(seen.results[0])).toEqual({ kind: "match" });
  });

  it("compares deeply where nothing else is said", async () => {
    const { lab, seen } = laboratory();
    lab.experiment("deep", { control: () => ({ a: [1] }), candidate: () => ({ a: [1] }) })();
    lab.experiment("deeper", { control: () => ({ a: [1] }), candidate: () => ({ a: [2] }) })();
    await lab.flush();
    expect(seen.results.map(({ kind }) => kind)).toEqual(["match", "mismatch"]);
  });

  it("calls two errors the same by class, message and data, or by the error comparer", async () => {
    const { lab, seen } = laboratory();
    const pairs: [string, () => never, () => never, ((one: unknown, other: unknown) => boolean)?][] = [
      ["same", () => fail("a"), () => fail("a")],
      ["message", () => fail("a"), () => fail("b")],
      [
        "class",
        () => fail("a"),
        () => {
          throw new TypeError("a");
        },
      ],
      ["own", () => fail("a"), () => fail("b"), (one, other) => one instanceof Error && other instanceof Error],
    ];
    for (const [name, control, candidate, errors] of pairs) {
      const call = lab.experiment(name, { control, candidate, ...(errors && { compare: { errors } }) });
      expect(call).toThrow("a");
    }
    await lab.flush();
    expect(seen.results.map(({ kind }) => kind)).toEqual(["match", "mismatch", "mismatch", "match"]);
  });

  it("calls a comparer that throws a fault, and its comparison inconclusive", async () => {
    const { lab, seen, operations } = laboratory();
    expect(lab.experiment("throwing", { control: () => 1, candidate: () => 2, compare: () => fail() })()).toBe(1);
    await lab.flush();
    expect(operations()).toEqual(["compare"]);
    expect(comparisonOf(seen.results[0])).toMatchObject({ kind: "inconclusive" });
  });

  it("compares what is null or undefined like everything else", async () => {
    const { lab, seen } = laboratory();
    lab.experiment("nothing", { control: (): unknown => null, candidate: (): unknown => 1 })();
    lab.experiment("threw", { control: () => null, candidate: (): null => fail() })();
    lab.experiment("types", { control: (): unknown => 1, candidate: (): unknown => "1" })();
    await lab.flush();
    expect(seen.results.map(({ kind }) => kind)).toEqual(["mismatch", "mismatch", "mismatch"]);
  });
});

describe("gates", () => {
  it("run no candidate when they say no, fail, or answer with a promise", () => {
    const { lab, operations } = laboratory();
    let runs = 0;
    const gates: [string, AnyFunction][] = [
      ["no", () => false],
      ["throws", () => fail()],
      ["promise", () => Promise.resolve(true)],
      ["yes", () => true],
    ];
    for (const [name, enabled] of gates) {
      expect(lab.experiment(name, { control: () => 1, candidate: () => (runs += 1), enabled })()).toBe(1);
    }
    expect(runs).toBe(1);
    expect(operations()).toEqual(["enabled", "enabled"]);
  });

  it("get the arguments of the call, and are not asked when the laboratory is off", () => {
    const { lab } = laboratory({ enabled: false });
    const asked: unknown[] = [];
    const call = lab.experiment("asked", {
      control: (...given: number[]) => given.length,
      candidate: (...given: number[]) => given.length,
      enabled: (...given) => asked.push(given) > 0,
    });
    call(1, 2);
    expect(asked).toEqual([]);
    lab.enabled = true;
    call(1, 2);
    expect(asked).toEqual([[1, 2]]);
  });
});

describe("cleaning", () => {
  it("changes what publishers get, false and zero included, and never what is compared", async () => {
    const { lab, seen } = laboratory();
    const cleaned: unknown[] = [];
    const clean = (value: unknown): string => {
      cleaned.push(value);
      return "clean";
    };
    lab.experiment("differs", { control: (): unknown => false, candidate: (): unknown => 0, clean })();
    await lab.flush();
    expect(cleaned).toEqual([false, 0]);
    const [result] = seen.results;
    expect(result!.kind).toBe("mismatch");
    expect([result!.control, ...result!.candidates].map(({ outcome, evidence }) => [outcome, evidence])).toEqual([
      [{ kind: "returned", value: "clean" }, "cleaned"],
      [{ kind: "returned", value: "clean" }, "cleaned"],
    ]);
  });

  it("that fails leaves the value out, where it could be what must not get out", async () => {
    const { lab, seen, operations } = laboratory();
    lab.experiment("secret", { control: () => "secret", candidate: () => "secret", clean: () => fail() })();
    await lab.flush();
    expect(seen.results[0]!.control).toMatchObject({
      outcome: { kind: "returned", value: undefined },
      evidence: "omitted",
    });
    expect(operations()).toEqual(["clean", "clean"]);
  });

  it("is not asked about what was not returned", async () => {
    const { lab, seen } = laboratory();
    let asked = 0;
    lab.experiment("threw", { control: () => 1, candidate: (): number => fail(), clean: () => (asked += 1) })();
    await lab.flush();
    expect(asked).toBe(1);
    expect(seen.results[0]!.candidates[0].outcome.kind).toBe("threw");
  });
});

describe("ignoring", () => {
  it("asks its rules in order, with both values, only about mismatches, and stops at the first that says yes", async () => {
    const { lab, seen } = laboratory();
    const asked: unknown[] = [];
    const rule = (name: string, answer: boolean) => ({
      name,
      when: (control: number, candidate: number) => {
        asked.push([name, control, candidate]);
        return answer;
      },
    });
    const knownMismatches = [rule("first", false), rule("second", true), rule("third", true)];
    lab.experiment("rules", { control: () => 1, candidate: () => 2, knownMismatches })();
    lab.experiment("equal", { control: () => 1, candidate: () => 1, knownMismatches })();
    await lab.flush();
    expect(asked).toEqual([
      ["first", 1, 2],
      ["second", 1, 2],
    ]);
    expect(comparisonOf(seen.results[0])).toMatchObject({ kind: "ignored", rule: "second" });
    expect(seen.results.map(({ kind }) => kind).sort()).toEqual(["ignored", "match"]);
  });

  it("goes on to the next rule when one throws", async () => {
    const { lab, seen, operations } = laboratory();
    const knownMismatches = [
      { name: "throws", when: () => fail() },
      { name: "says yes", when: () => true },
    ];
    lab.experiment("rules", { control: () => 1, candidate: () => 2, knownMismatches })();
    await lab.flush();
    expect(operations()).toEqual(["knownMismatches"]);
    expect(comparisonOf(seen.results[0])).toMatchObject({ kind: "ignored", rule: "says yes" });
  });

  it("shows its rules the outcomes, so that errors are not swallowed unseen", async () => {
    const { lab, seen } = laboratory();
    const knownMismatches = [
      {
        name: "values",
        when: (_: number, __: number, { candidate }: { candidate: { kind: string } }) => candidate.kind === "returned",
      },
    ];
    lab.experiment("error", { control: () => 1, candidate: (): number => fail(), knownMismatches })();
    await lab.flush();
    expect(seen.results[0]!.kind).toBe("mismatch");
  });

  it("of one candidate's mismatch does not hide another's", async () => {
    const { lab, seen } = laboratory();
    lab.experiment("both", {
      control: () => 1,
      candidates: { known: () => 2, wrong: () => 3 },
      knownMismatches: [{ name: "two", when: (_, candidate) => candidate === 2 }],
    })();
    await lab.flush();
    expect(seen.results[0]!.candidates.map(({ comparison }) => comparison.kind)).toEqual(["ignored", "mismatch"]);
    expect(seen.results[0]!.kind).toBe("mismatch");
  });
});

describe("results", () => {
  it("are frozen, name their experiment, and carry its context", async () => {
    const { lab, seen } = laboratory();
    lab.experiment("frozen", { control: () => 1, candidate: () => 1, context: { team: "web" } })();
    await lab.flush();
    const [result] = seen.results;
    expect(result).toMatchObject({ experiment: "frozen", context: { team: "web" }, served: "control", kind: "match" });
    for (const part of [result, result!.context, result!.control, result!.control.outcome, result!.candidates]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("leave the values in them as they are", async () => {
    const { lab, seen } = laboratory();
    const value = { items: [1] };
    expect(lab.experiment("loose", { control: () => value, candidate: () => ({ items: [2] }) })()).toBe(value);
    await lab.flush();
    expect(seen.results).toHaveLength(1);
    expect(Object.isFrozen(value)).toBe(false);
    expect(Object.isFrozen(value.items)).toBe(false);
  });

  it("show values as they were when they were given, whatever the caller does with them afterwards", async () => {
    const { lab, seen } = laboratory();
    const call = lab.experiment("kept", {
      control: async () => ({ items: [1] }),
      candidate: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return { items: [1] };
      },
    });
    (await call()).items.push(99);
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]!.kind).toBe("match");
    expect(seen.results[0]!.control).toMatchObject({ outcome: { value: { items: [1] } }, evidence: "captured" });
  });

  it("carry the verdict, so that no publisher has to compare again", async () => {
    const { lab, seen } = laboratory();
    let compared = 0;
    lab.experiment("once", {
      control: () => 1,
      candidate: () => 2,
      compare: (one, other) => {
        compared += 1;
        return one === other;
      },
    })();
    await lab.flush();
    expect(seen.results[0]!.kind).toBe("mismatch");
    expect(compared).toBe(1);
  });
});

describe("publishing", () => {
  it("that fails is a counted fault, harms no caller, and keeps no result from the other publishers", async () => {
    const { seen } = laboratory();
    const faults: string[] = [];
    const failing = { name: "failing", publish: () => fail() };
    const lab = new Laboratory({
      publishers: [failing, seen],
      onFault: ({ operation, publisher }) => faults.push(`${operation} ${publisher}`),
    });
    expect(lab.experiment("published", { control: () => 1, candidate: () => 1 })()).toBe(1);
    await lab.flush();
    expect(faults).toEqual(["publish failing"]);
    expect(seen.results).toHaveLength(1);
    expect(lab.status().publishers["failing"]).toMatchObject({ failed: 1 });
  });

  it("happens also when control throws", async () => {
    const { lab, seen } = laboratory();
    expect(lab.experiment("lost", { control: (): number => fail(), candidate: () => 1 })).toThrow("boom");
    await lab.flush();
    expect(seen.results).toHaveLength(1);
  });

  it("does not keep the caller waiting", async () => {
    const { lab } = laboratory({ publishers: [() => new Promise<void>(() => undefined)] });
    const call = lab.experiment("hanging", { control: async () => 1, candidate: async () => 1 });
    expect(await call()).toBe(1);
    expect(await call()).toBe(1);
  });

  it("leaves nothing of a handler's own errors", () => {
    const lab = new Laboratory({ onFault: () => fail("the handler's own") });
    const call = lab.experiment("handler", { control: () => 1, candidate: () => 1, enabled: () => fail() });
    expect(call()).toBe(1);
  });
});

describe("throwing on mismatch", () => {
  const sides = { control: () => 1, candidate: () => 2 };

  it("is for test suites: off by default, on for a laboratory", () => {
    expect(laboratory().lab.experiment("off", sides)()).toBe(1);
    expect(laboratory({ throwOnMismatch: true }).lab.experiment("on", sides)).toThrow(MismatchError);
  });

  it("wins over control's own error, and over a candidate's", () => {
    const { lab } = laboratory({ throwOnMismatch: true });
    const control = lab.experiment("control", { control: (): number => fail(), candidate: () => 1 });
    const candidate = lab.experiment("candidate", { control: () => 1, candidate: (): number => fail() });
    expect(control).toThrow(MismatchError);
    expect(candidate).toThrow(MismatchError);
  });

  it("does not throw for what is ignored; for what could not be compared unless it is told to let that pass", () => {
    const { lab } = laboratory({ throwOnMismatch: true });
    expect(lab.experiment("ignored", { ...sides, knownMismatches: [{ name: "all", when: () => true }] })()).toBe(1);
    expect(lab.experiment("inconclusive", { ...sides, compare: () => fail() })).toThrow(MismatchError);
    const { lab: narrow } = laboratory({ throwOnMismatch: { kinds: ["mismatch"] } });
    expect(narrow.experiment("inconclusive", { ...sides, compare: () => fail() })()).toBe(1);
    expect(narrow.experiment("mismatch", sides)).toThrow(MismatchError);
  });

  it("throws what a function makes of the result", () => {
    const { lab } = laboratory({ throwOnMismatch: ({ experiment }) => new RangeError(experiment) });
    expect(lab.experiment("custom", sides)).toThrow(new RangeError("custom"));
  });

  it("waits for an asynchronous candidate", async () => {
    const { lab } = laboratory({ throwOnMismatch: true });
    const late = async (): Promise<number> => {
      await new Promise((resolve) => setImmediate(resolve));
      return 2;
    };
    await expect(lab.experiment("late", { control: async () => 1, candidate: late })()).rejects.toBeInstanceOf(
      MismatchError,
    );
  });

  it("carries the published result, and a message that shows both sides, cleaned", async () => {
    const { lab, seen } = laboratory({ throwOnMismatch: true });
    const call = lab.experiment("shown", {
      control: () => "secret one",
      candidate: () => "secret two",
      clean: (value) => value.replace("secret", "clean"),
    });
    const error = thrownBy(call);
    expect(error.name).toBe("MismatchError");
    expect(error.message).toContain('experiment "shown" mismatched');
    expect(error.message).toContain('control:\n  "clean one"');
    expect(error.message).toContain('candidate:\n  "clean two"');
    expect(error.message).not.toContain("secret");
    await lab.flush();
    expect(seen.results[0]).toBe(error.result);
  });

  it("shows what was thrown", () => {
    const { lab } = laboratory({ throwOnMismatch: true });
    const error = thrownBy(lab.experiment("threw", { control: () => 1, candidate: (): number => fail("no luck") }));
    expect(error.message).toContain("no luck");
  });

  it("goes between processes, whatever hooks the experiment has", () => {
    const { lab } = laboratory({ throwOnMismatch: true });
    const error = thrownBy(lab.experiment("sent", { ...sides, beforeRun: () => undefined, afterRun: () => undefined }));
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: "MismatchError",
      code: "mismatch",
      experiment: "sent",
    });
    expect(() => structuredClone(error)).not.toThrow();
  });

  function thrownBy(call: () => unknown): MismatchError {
    try {
      call();
    } catch (error) {
      if (error instanceof MismatchError) return error;
      throw error;
    }
    throw new Error("nothing was thrown");
  }
});

describe("hooks", () => {
  it("run around the behaviors of a call that is compared, and around no other", async () => {
    const { lab } = laboratory();
    const order: string[] = [];
    let on = true;
    const call = lab.experiment("hooked", {
      control: () => order.push("control"),
      candidate: () => order.push("candidate"),
      compare: () => true,
      enabled: () => on,
      beforeRun: () => void order.push("before"),
      afterRun: ({ kind }) => void order.push(`after ${kind}`),
    });
    call();
    await lab.settled();
    on = false;
    call();
    await lab.settled();
    expect(order).toEqual(["before", "control", "candidate", "after match", "control"]);
  });

  it("that throw are faults: control's answer stands", async () => {
    const { lab, operations } = laboratory();
    const hooks = { beforeRun: () => fail(), afterRun: () => fail() };
    expect(lab.experiment("failing", { control: () => 1, candidate: () => 1, ...hooks })()).toBe(1);
    await lab.settled();
    expect(operations()).toEqual(["beforeRun", "afterRun"]);
  });
});

describe("science", () => {
  it("runs once, at once, and keeps one tally a name", () => {
    const { lab } = laboratory();
    for (let price = 0; price < 3; price++) {
      expect(lab.science("total", { control: () => price * 2, candidate: () => price + price })).toBe(price * 2);
    }
    expect(lab.status().experiments["total"]).toMatchObject({ calls: 3, matched: 3 });
  });

  it("is cheap many times over: nothing grows with calls", () => {
    const { lab } = laboratory();
    const calls = cases(100_000);
    const before = Object.keys(lab.status().experiments).length;
    for (let n = 0; n < calls; n++) lab.science("many", { control: () => n, candidate: () => n });
    expect(Object.keys(lab.status().experiments).length).toBe(before + 1);
    expect(lab.status().experiments["many"]).toMatchObject({ calls, matched: calls });
  });

  it("keeps 1 000 names, and runs control alone beyond them", () => {
    const { lab, faults } = laboratory();
    for (let n = 0; n < 1_010; n++) lab.science(`name ${n}`, { control: () => n, candidate: () => n });
    expect(Object.keys(lab.status().experiments)).toHaveLength(1_000);
    expect(faults.map(({ error }) => error)).toEqual([expect.any(SidelaneError)]);
  });
});
