import { describe, expect, it } from "vitest";
import { currentRun, Laboratory, SidelaneError, type CurrentRun } from "../../src/index.ts";
import { fixedClock, seededRandom } from "../../src/testing/index.ts";
import { held, turn } from "../proof/held.ts";

interface Answer {
  readonly id: number;
  readonly token: number;
  readonly price: number;
}

const fail = (): never => {
  throw new Error("no");
};

function unsteady(options: { readonly wrongOneIn?: number; readonly noise?: { rate?: number; max?: number } }) {
  const clock = fixedClock();
  const lab = new Laboratory({ clock, random: seededRandom(7) });
  let controlCalls = 0;
  let token = 0;
  const call = lab.experiment("unsteady", {
    control: async (id: number): Promise<Answer> => {
      controlCalls += 1;
      return { id, token: token++, price: 100 };
    },
    candidate: async (id: number): Promise<Answer> => ({
      id,
      token: token++,
      price: options.wrongOneIn !== undefined && id % options.wrongOneIn === 0 ? 90 : 100,
    }),
    noise: { controlIsReadOnly: true, ...(options.noise ?? { max: 1_000 }) },
  });
  return { lab, call, clock, controlCalls: () => controlCalls };
}

async function callTimes(times: number, { lab, call }: ReturnType<typeof unsteady>): Promise<void> {
  for (let id = 1; id <= times; id++) {
    await call(id);
    if (id % 10 === 0) await lab.settled();
  }
  await lab.settled();
}

describe("noise", () => {
  it("is what control has with itself: it is told, proposed as a rule, and never ignored by itself", async () => {
    const tried = unsteady({});
    await callTimes(100, tried);
    const status = tried.lab.status().experiments["unsteady"]!;
    expect(status).toMatchObject({ mismatched: 100, matched: 0 });
    expect(status.noise).toMatchObject({
      reruns: 100,
      skipped: 0,
      mismatches: { raw: 100, net: 0 },
      paths: [{ name: "$.token", verdict: "noise", reruns: 100, differed: 100 }],
      proposals: ["$.token"],
    });
    expect(tried.controlCalls()).toBe(200);
  });

  it("does not hide a true regression beside it", async () => {
    const tried = unsteady({ wrongOneIn: 4 });
    await callTimes(200, tried);
    const { noise, groups } = tried.lab.status().experiments["unsteady"]!;
    expect(groups.map(({ count }) => count)).toEqual([150, 50]);
    expect(noise!.mismatches).toEqual({ raw: 200, net: 50 });
    expect(noise!.groups.map(({ verdict }) => verdict).sort()).toEqual(["noise", "real"]);
    expect(noise!.paths.find(({ name }) => name === "$.price")!.verdict).toBe("real");
    expect(noise!.proposals).toEqual(["$.token"]);
  });

  it("runs control again at most so often a minute", async () => {
    const tried = unsteady({ noise: { max: 10 } });
    await callTimes(30, tried);
    expect(tried.lab.status().experiments["unsteady"]!.noise).toMatchObject({ reruns: 10, skipped: 20 });
    tried.clock.advance(60_000);
    await callTimes(5, tried);
    expect(tried.lab.status().experiments["unsteady"]!.noise).toMatchObject({ reruns: 15, skipped: 20 });
  });

  it("runs control again in the share of mismatches that is asked for", async () => {
    const tried = unsteady({ noise: { rate: 0.5, max: 1_000 } });
    await callTimes(200, tried);
    const { reruns, skipped } = tried.lab.status().experiments["unsteady"]!.noise!;
    expect(reruns + skipped).toBe(200);
    expect(reruns).toBeGreaterThan(60);
    expect(reruns).toBeLessThan(140);
  });

  it("costs nothing while all is equal", async () => {
    const lab = new Laboratory();
    let calls = 0;
    const call = lab.experiment("steady", {
      control: () => ((calls += 1), "same"),
      candidate: () => "same",
      noise: { controlIsReadOnly: true },
    });
    for (let time = 0; time < 20; time++) call();
    await lab.settled();
    expect(calls).toBe(20);
  });

  it("lets code that keeps still in a candidate keep still in a second run", async () => {
    const roles: unknown[] = [];
    const lab = new Laboratory();
    let call = 0;
    const run = lab.experiment("still", {
      control: async () => {
        await Promise.resolve();
        roles.push(currentRun()?.role);
        return call++;
      },
      candidate: async () => call++,
      noise: { controlIsReadOnly: true },
    });
    await run();
    await lab.settled();
    expect(roles).toEqual([undefined, "candidate"]);
  });

  it("compares what a second run throws with what the first one returned", async () => {
    const lab = new Laboratory();
    let call = 0;
    const run = lab.experiment("throwing", {
      control: () => {
        if (call++ > 0) throw new Error("no luck");
        return 1;
      },
      candidate: () => 2,
      noise: { controlIsReadOnly: true },
    });
    expect(run()).toBe(1);
    await lab.settled();
    expect(lab.status().experiments["throwing"]!.noise!.groups[0]).toMatchObject({ reruns: 1, differed: 1 });
  });

  it.each([
    ["answers at once", (): unknown => 1],
    ["throws at once", fail],
    ["answers", async (): Promise<unknown> => 1],
    ["rejects", async (): Promise<unknown> => fail()],
  ])("learns that control agrees with itself where it %s, twice", async (_, control) => {
    const lab = new Laboratory();
    const run = lab.experiment("steady", {
      control,
      candidate: () => 2,
      noise: { controlIsReadOnly: true },
    });
    await (async () => run())().catch(() => undefined);
    await lab.settled();
    const status = lab.status();
    expect(status.experiments["steady"]!.noise).toMatchObject({
      reruns: 1,
      timedOut: 0,
      groups: [{ reruns: 1, differed: 0 }],
      paths: [{ name: "$", reruns: 1, differed: 0 }],
      proposals: [],
    });
    expect(status.candidatesInFlight).toBe(0);
  });

  it("is known in a second run as control again, which is told when its time is up, and learnt of no more", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    const late = held<number>();
    const runs: (CurrentRun | undefined)[] = [];
    const run = lab.experiment("late", {
      control: (): Promise<number> => {
        runs.push(currentRun());
        return runs.length > 1 ? late.promise : Promise.resolve(1);
      },
      candidate: async () => 2,
      noise: { controlIsReadOnly: true },
      limits: { timeoutMs: 100 },
    });
    await run();
    await turn();
    await turn();
    let settled = false;
    const settling = lab.settled().then(() => (settled = true));
    expect(runs[1]).toMatchObject({ role: "candidate", behavior: "control again", signal: { aborted: false } });
    expect(lab.status().candidatesInFlight).toBe(1);
    await turn();
    expect(settled).toBe(false);
    clock.advance(100);
    await settling;
    expect(runs[1]!.signal.aborted).toBe(true);
    expect(lab.status().candidatesInFlight).toBe(1);
    late.resolve(1);
    await turn();
    expect(lab.status().candidatesInFlight).toBe(0);
    expect(lab.status().experiments["late"]!.noise).toMatchObject({ reruns: 1, timedOut: 1, groups: [] });
    // Nobody is waited for twice, or less than not at all.
    await run();
    await lab.settled();
    expect(lab.status().experiments["late"]!.noise).toMatchObject({ reruns: 2, timedOut: 1, groups: [{ reruns: 1 }] });
  });

  it("draws for each mismatch whether to run control again", async () => {
    let chance = 0.5;
    const lab = new Laboratory({ random: () => chance });
    const call = lab.experiment("half", {
      control: () => 1,
      candidate: () => 2,
      noise: { controlIsReadOnly: true, rate: 0.5 },
    });
    for (const [drawn, reruns] of [
      [0.5, 0],
      [0.49, 1],
    ] as const) {
      chance = drawn;
      call();
      await lab.settled();
      expect(lab.status().experiments["half"]!.noise).toMatchObject({ reruns, skipped: 1 });
    }
  });

  it("runs nothing again where as many candidates as may be are running already", async () => {
    const lab = new Laboratory({ limits: { maxInFlight: 1 } });
    const late = held<number>();
    const call = lab.experiment("unsteady", {
      control: () => 1,
      candidate: () => 2,
      noise: { controlIsReadOnly: true },
    });
    call();
    const other = lab.experiment("other", { control: async () => 1, candidate: () => late.promise });
    await other();
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(lab.status().experiments["unsteady"]!.noise).toMatchObject({ reruns: 0, skipped: 1 });
    late.resolve(1);
    await lab.settled();
  });

  it("gives up on a second run that hangs, and runs no more of them when ten hang", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    let hang = false;
    const run = lab.experiment("hanging", {
      control: (): Promise<number> => (hang ? new Promise(() => undefined) : Promise.resolve(1)),
      candidate: async () => 2,
      noise: { controlIsReadOnly: true, max: 1_000 },
      limits: { timeoutMs: 100 },
    });
    for (let time = 0; time < 15; time++) {
      hang = false;
      const answer = run();
      hang = true;
      await answer;
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    clock.advance(1_000);
    await lab.settled();
    expect(lab.status().experiments["hanging"]!.noise).toMatchObject({ reruns: 10, timedOut: 10, skipped: 5 });
  });

  it("asks whether control is read-only, since it runs twice, and for limits that are limits", () => {
    const lab = new Laboratory();
    const sides = { control: () => 1, candidate: () => 1 };
    expect(() => lab.experiment("a", { ...sides, noise: {} as never })).toThrow(/controlIsReadOnly.*true/);
    expect(() => lab.experiment("b", { ...sides, noise: { controlIsReadOnly: true, rate: 2 } })).toThrow(/noise\.rate/);
    expect(() => lab.experiment("c", { ...sides, noise: { controlIsReadOnly: true, max: -1 } })).toThrow(SidelaneError);
    expect(() => lab.experiment("d", { ...sides, noise: { controlIsReadOnly: true, often: 1 } as never })).toThrow(
      /often/,
    );
  });
});
