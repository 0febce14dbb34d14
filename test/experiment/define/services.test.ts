import { describe, expect, it } from "vitest";
import { Counters } from "../../../src/experiment/record/counters.ts";
import { ask, failed, faultHandler, type Services } from "../../../src/experiment/define/services.ts";
import { surroundings } from "../../../src/experiment/runtime/current-run.ts";
import type { Fault } from "../../../src/model/fault.ts";
import { turn } from "../../proof/held.ts";

const boom = new Error("boom");
const fail = (): never => {
  throw boom;
};

function handler() {
  const faults: Fault[] = [];
  const unassigned = new Counters();
  const subject = { name: "price", counters: new Counters() };
  return { faults, unassigned, subject, fault: faultHandler((fault) => void faults.push(fault), unassigned) };
}

describe("a fault", () => {
  it("is counted for its experiment, and handed over with what there is to say of it", () => {
    const { faults, unassigned, subject, fault } = handler();
    fault("enabled", boom, subject);
    fault("enabled", boom, subject);
    fault("clock", boom);
    fault("publish", boom, undefined, "console");
    expect(subject.counters.faults).toEqual({ enabled: 2 });
    expect(unassigned.faults).toEqual({ clock: 1, publish: 1 });
    expect(faults).toStrictEqual([
      { operation: "enabled", error: boom, experiment: "price" },
      { operation: "enabled", error: boom, experiment: "price" },
      { operation: "clock", error: boom },
      { operation: "publish", error: boom, publisher: "console" },
    ]);
  });

  it.each([
    ["is missing", undefined],
    ["throws", fail],
    ["rejects", (): unknown => Promise.reject(boom)],
  ])("is counted where the handler %s", async (_, onFault) => {
    const unassigned = new Counters();
    faultHandler(onFault, unassigned)("clock", boom);
    await turn();
    expect(unassigned.faults).toEqual({ clock: 1 });
  });

  it("is told outside of every experiment", () => {
    const told: unknown[] = [];
    faultHandler(() => void told.push(surroundings()), new Counters())("clock", boom);
    expect(told).toEqual(["detached"]);
  });
});

describe("a gate or hook", () => {
  function asked(hook: (...args: never[]) => unknown) {
    const { faults, subject, fault } = handler();
    const services = { fault } as unknown as Services;
    const self = { shop: 1 };
    return { self, answer: ask(services, subject, "enabled", hook, self, [1, "b"]), faults };
  }

  it.each([true, 0, undefined, null])("answers %s as it is", (given) => {
    const { answer, faults } = asked(() => given);
    expect(answer).toBe(given);
    expect(faults).toEqual([]);
  });

  it("is asked with `this` and the arguments of the call, outside of every experiment", () => {
    const { self, answer } = asked(function (this: unknown, ...args: unknown[]) {
      return { this: this, args, surroundings: surroundings() };
    });
    expect(answer).toEqual({ this: self, args: [1, "b"], surroundings: "detached" });
  });

  it("that throws has failed, and is a fault", () => {
    const { answer, faults } = asked(fail);
    expect(answer).toBe(failed);
    expect(faults).toEqual([{ operation: "enabled", error: boom, experiment: "price" }]);
  });

  it.each([
    ["a promise", () => Promise.resolve(true)],
    ["a promise that rejects", () => Promise.reject(boom)],
    ["a thenable", () => ({ then: () => undefined })],
  ])("that gives %s has failed, and is a fault", async (_, hook) => {
    const { answer, faults } = asked(hook);
    await turn();
    expect(answer).toBe(failed);
    const error = new Error("`enabled` returned a promise; it must answer at once");
    expect(faults).toEqual([{ operation: "enabled", error, experiment: "price" }]);
  });
});
