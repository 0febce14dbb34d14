import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readState } from "../../src/rollout/read-state.ts";
import { initialState, nextOf, previousOf, type RolloutState } from "../../src/rollout/state.ts";
import { refusalOf, transition, type RolloutRequest } from "../../src/rollout/transition.ts";

const steps = [0.01, 0.05, 0.1, 0.25, 0.5];
const by = "Ada";

function ask(state: RolloutState, kind: RolloutRequest["kind"], more: Partial<RolloutRequest> = {}): RolloutState {
  return transition(state, { kind, by, at: 1_000, reason: "because", ...more });
}

function times(count: number, state: RolloutState): RolloutState {
  return count === 0 ? state : times(count - 1, ask(state, "advance"));
}

describe("a rollout's state", () => {
  it("goes from off over shadow and every step to live, and no further by itself", () => {
    let state = initialState(steps, 0, "off");
    const path = [state];
    while (nextOf(state)) path.push((state = ask(state, "advance")));
    expect(path.map(({ stage, share }) => [stage, share])).toEqual([
      ["off", 0],
      ["shadow", 0],
      ...steps.map((share) => ["ramp", share]),
      ["live", 1],
    ]);
    expect(path.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(ask(state, "advance")).toBe(state);
  });

  it("goes one step back from each, also from complete", () => {
    let state = ask(times(6, initialState(steps, 0)), "complete");
    const path: unknown[] = [];
    while (state.stage !== "off") path.push([(state = ask(state, "step-back")).stage, state.share]);
    expect(path).toEqual([
      ["live", 1],
      ...steps.toReversed().map((share) => ["ramp", share]),
      ["shadow", 0],
      ["off", 0],
    ]);
  });

  it("has nothing below off", () => {
    expect(previousOf(initialState(steps, 0, "off"))).toBeUndefined();
  });

  it("is latched in shadow after a rollback, until a person clears it", () => {
    const back = ask(times(3, initialState(steps, 0)), "rollback", { by: "ramp" });
    expect(back).toMatchObject({ stage: "shadow", share: 0, mode: "rolled-back" });
    for (const kind of ["advance", "resume", "pause", "complete", "rollback", "step-back"] as const) {
      expect(ask(back, kind)).toBe(back);
    }
    expect(ask(back, "clear", { by: "ramp" })).toBe(back);
    expect(ask(back, "clear")).toMatchObject({ stage: "shadow", mode: "running", epoch: back.epoch + 1 });
  });

  it("rolls back while it is paused", () => {
    expect(ask(ask(times(3, initialState(steps, 0)), "pause"), "rollback").mode).toBe("rolled-back");
  });

  it("is completed only from live, by a person, and when live has lasted long enough", () => {
    const live = times(6, initialState(steps, 0));
    expect(live.stage).toBe("live");
    expect(ask(live, "complete", { by: "ramp" })).toBe(live);
    expect(ask(live, "complete", { by: "source" })).toBe(live);
    expect(ask(live, "complete", { by: " " })).toBe(live);
    expect(ask(times(5, initialState(steps, 0)), "complete").stage).toBe("ramp");
    expect(ask(live, "complete", { afterMs: 500, at: 1_499 })).toBe(live);
    expect(ask(live, "complete", { afterMs: 500, at: 1_500 })).toMatchObject({ stage: "complete", share: 1 });
  });

  it("keeps the time at which its stage was reached over a pause", () => {
    const live = ask(times(6, initialState(steps, 0)), "pause", { at: 5_000 });
    expect(live).toMatchObject({ since: 1_000, changedAt: 5_000 });
  });

  it("records who asked, when and why, for the latest 50 changes", () => {
    let state = initialState(steps, 0);
    for (let change = 0; change < 60; change++) state = ask(state, change % 2 ? "resume" : "pause", { at: change });
    expect(state.history).toHaveLength(50);
    expect(state.history.at(-1)).toEqual({
      id: state.id,
      parent: state.parent,
      kind: "resumed",
      from: { stage: "shadow", share: 0, epoch: 60 },
      to: { stage: "shadow", share: 0, epoch: 61 },
      at: 59,
      by,
      reason: "because",
    });
  });

  it("has an id of its own, and names the state that it was made from", () => {
    const state = initialState(steps, 0);
    const [one, other] = [ask(state, "pause"), ask(state, "pause")];
    expect(new Set([state.id, one.id, other.id]).size).toBe(3);
    expect([state.parent, one.parent, other.parent]).toEqual([undefined, state.id, state.id]);
  });

  it("of an older release has the same id wherever it is read", () => {
    const older = { ...times(2, initialState(steps, 0)), version: 1, id: undefined };
    const read = readState(JSON.parse(JSON.stringify(older)));
    expect(read).toMatchObject({ version: 2, epoch: 3, stage: "ramp", share: 0.05 });
    expect(read.id).toBe(readState(older).id);
  });

  it("survives being written as JSON", () => {
    const state = ask(times(4, initialState(steps, 0)), "rollback");
    expect(readState(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  it.each([
    null,
    [],
    {},
    { ...initialState(steps, 0), version: 3 },
    { ...initialState(steps, 0), id: undefined },
    { ...initialState(steps, 0), parent: 7 },
    { ...initialState(steps, 0), history: [{ kind: "advanced" }] },
    { ...initialState(steps, 0), epoch: 0 },
    { ...initialState(steps, 0), stage: "half" },
    { ...initialState(steps, 0), share: 2 },
    { ...initialState(steps, 0), mode: "on" },
    { ...initialState(steps, 0), steps: ["1"] },
    { ...initialState(steps, 0), since: null },
    { ...initialState(steps, 0), changedAt: "0" },
    { ...initialState(steps, 0), history: {} },
  ])("is refused when what is stored is %j", (data) => {
    expect(() => readState(data)).toThrow(expect.objectContaining({ code: "invalid-state" }));
  });

  // What the model knows of the state: where on the line it is, and whether it moves.
  interface Model {
    place: number;
    mode: RolloutState["mode"];
    epoch: number;
  }
  const places = ["off", "shadow", ...steps.map(() => "ramp"), "live", "complete"];
  const last = places.length - 1;

  class Ask implements fc.Command<Model, { state: RolloutState }> {
    readonly request: RolloutRequest;
    constructor(request: RolloutRequest) {
      this.request = request;
    }
    check(): boolean {
      return true;
    }
    run(model: Model, real: { state: RolloutState }): void {
      const before = real.state;
      const expected = this.#expected(model);
      real.state = transition(before, this.request);
      if (expected === undefined) {
        expect(real.state).toBe(before);
        expect(refusalOf(before, this.request)).toMatch(/\.$/);
        return;
      }
      expect(refusalOf(before, this.request)).toBe(undefined);
      Object.assign(model, expected, { epoch: model.epoch + 1 });
      expect(real.state).toMatchObject({ stage: places[model.place], mode: model.mode, epoch: model.epoch });
      expect(real.state.share).toBe(
        model.place < 2 ? 0
        : model.place >= last - 1 ? 1
        : steps[model.place - 2],
      );
      if (real.state.stage === "complete" && before.stage !== "complete") {
        expect([this.request.kind, this.request.by]).toEqual(["complete", by]);
      }
    }
    #expected({ place, mode, epoch }: Model): Partial<Model> | undefined {
      const { kind, by: who } = this.request;
      if (this.request.epoch !== undefined && this.request.epoch !== epoch) return undefined;
      // Rollback first: it is possible wherever it has not happened yet.
      if (kind === "rollback")
        return mode === "rolled-back" ? undefined : { place: Math.min(place, 1), mode: "rolled-back" };
      if (kind === "off") {
        return who !== by || (mode === "rolled-back" && place === 0) ? undefined : { place: 0, mode: "rolled-back" };
      }
      if (kind === "clear") return mode === "rolled-back" && who === by ? { mode: "running" } : undefined;
      if (mode === "rolled-back") return undefined;
      if (kind === "step-back") return place > 0 ? { place: place - 1 } : undefined;
      if (kind === "pause") return mode === "running" ? { mode: "paused" } : undefined;
      if (kind === "resume") return mode === "paused" ? { mode: "running" } : undefined;
      if (mode === "paused") return undefined;
      if (kind === "advance") return place < last - 1 ? { place: place + 1 } : undefined;
      return place === last - 1 && who === by ? { place: last } : undefined;
    }
    toString(): string {
      return `${this.request.kind} by ${this.request.by}`;
    }
  }

  it("does what a model of it does, in any order of requests", () => {
    const kinds = [
      "advance",
      "advance",
      "advance",
      "step-back",
      "rollback",
      "off",
      "pause",
      "resume",
      "clear",
      "complete",
    ] as const;
    const request = fc.record({
      kind: fc.constantFrom(...kinds),
      by: fc.constantFrom("ramp", "source", by, by),
      at: fc.nat(),
      reason: fc.string(),
      epoch: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined, freq: 8 }),
    });
    const commands = fc.commands(
      [request.map(({ epoch, ...rest }) => new Ask(epoch === undefined ? rest : { ...rest, epoch }))],
      {
        maxCommands: 60,
      },
    );
    fc.assert(
      fc.property(commands, fc.constantFrom("off" as const, "shadow" as const), (cmds, start) => {
        fc.modelRun(
          () => ({
            model: { place: start === "off" ? 0 : 1, mode: "running" as const, epoch: 1 },
            real: { state: initialState(steps, 0, start) },
          }),
          cmds,
        );
      }),
      { numRuns: 500 },
    );
  });
});
