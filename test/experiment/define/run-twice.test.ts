import { describe, expect, it } from "vitest";
import { Laboratory, memoryPublisher, type Fault, type LaboratoryOptions } from "../../../src/index.ts";

function laboratory(options: LaboratoryOptions = {}) {
  const faults: Fault[] = [];
  const lab = new Laboratory({ onFault: (fault) => faults.push(fault), ...options });
  const told = (): unknown[] => faults.map(({ operation, error }) => [operation, (error as Error).message]);
  return { lab, faults, told };
}

const aboutCallbacks = /^experiment\("twice"\): argument 2 is a function.*let `prepare`.*Told once$/;
const aboutNothing = /^experiment\("twice"\): both sides returned nothing.*write it once, outside. Told once$/;

describe("a function among the arguments", () => {
  const withCallback = (id: number, done: (answer: number) => void): number => {
    done(id);
    return id;
  };

  it("is told once, and counted", async () => {
    const { lab, told } = laboratory();
    const call = lab.experiment("twice", { control: withCallback, candidate: withCallback });
    for (let time = 0; time < 3; time++) expect(call(1, () => undefined)).toBe(1);
    await lab.settled();
    expect(told()).toEqual([["repeat", expect.stringMatching(aboutCallbacks)]]);
    expect(lab.status().experiments["twice"]!.faults).toEqual({ repeat: 1 });
  });

  it("is told as well where a rollout has both sides run", async () => {
    const { lab, told } = laboratory();
    const call = lab.experiment("twice", {
      control: withCallback,
      candidate: withCallback,
      key: () => "k",
      rollout: { serve: 1, compare: 1 },
    });
    call(1, () => undefined);
    expect(told()).toEqual([["repeat", expect.stringMatching(aboutCallbacks)]]);
    await lab.close();
  });

  it("is nobody's business where the candidate's arguments are prepared, or the candidate does not run", () => {
    const { lab, told } = laboratory();
    const prepared = lab.experiment("prepared", {
      control: withCallback,
      candidate: withCallback,
      prepare: (id) => [id, () => undefined],
    });
    const skipped = lab.experiment("skipped", { control: withCallback, candidate: withCallback, sample: 0 });
    prepared(1, () => undefined);
    skipped(1, () => undefined);
    expect(told()).toEqual([]);
  });
});

describe("two sides that return nothing", () => {
  const nothing = (): void => undefined;
  const nothingLater = async (): Promise<void> => undefined;

  it.each<[string, () => unknown, () => unknown, LaboratoryOptions]>([
    ["at once", nothing, nothing, {}],
    ["later", nothingLater, nothingLater, {}],
    ["at once, published", nothing, nothing, { publishers: [memoryPublisher()] }],
    ["later, published", nothingLater, nothingLater, { publishers: [memoryPublisher()] }],
    ["one at once and one later", nothingLater, nothing, {}],
  ])("are told once: %s", async (_about, control, candidate, options) => {
    const { lab, told } = laboratory(options);
    const call = lab.experiment("twice", { control, candidate });
    for (let time = 0; time < 3; time++) await call();
    await lab.settled();
    expect(told()).toEqual([["repeat", expect.stringMatching(aboutNothing)]]);
    expect(lab.status().experiments["twice"]).toMatchObject({ matched: 3, faults: { repeat: 1 } });
  });

  it("are right where a comparer of the user's own looks elsewhere", async () => {
    const { lab, told } = laboratory();
    lab.experiment("own", { control: nothing, candidate: nothing, compare: () => true })();
    await lab.settled();
    expect(told()).toEqual([]);
  });

  it("say nothing while one of them returns something", async () => {
    const { lab, told } = laboratory();
    lab.experiment("differ", { control: (): unknown => undefined, candidate: () => null })();
    await lab.settled();
    expect(told()).toEqual([]);
  });
});
