import { describe, expect, it } from "vitest";
import { currentRun, Laboratory, SidelaneError } from "../../src/index.ts";
import { fixedClock, seededRandom } from "../../src/testing/index.ts";

interface Answer {
  readonly id: number;
  readonly token: number;
  readonly price: number;
}

function unsteady(options: { readonly wrongOneIn?: number; readonly noise?: { rate?: number; max?: number } | true }) {
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
    readOnly: true,
    noise: options.noise ?? { max: 1_000 },
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
      readOnly: true,
      noise: true,
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
      readOnly: true,
      noise: true,
    });
    await run();
    await lab.settled();
    expect(roles).toEqual([undefined, "candidate"]);
  });

  it("compares what a second run throws with what the first one gave", async () => {
    const lab = new Laboratory();
    let call = 0;
    const run = lab.experiment("throwing", {
      control: () => {
        if (call++ > 0) throw new Error("no luck");
        return 1;
      },
      candidate: () => 2,
      readOnly: true,
      noise: true,
    });
    expect(run()).toBe(1);
    await lab.settled();
    expect(lab.status().experiments["throwing"]!.noise!.groups[0]).toMatchObject({ reruns: 1, differed: 1 });
  });

  it("gives up on a second run that hangs, and runs no more of them when ten hang", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    let hang = false;
    const run = lab.experiment("hanging", {
      control: (): Promise<number> => (hang ? new Promise(() => undefined) : Promise.resolve(1)),
      candidate: async () => 2,
      readOnly: true,
      noise: { max: 1_000 },
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

  it("asks for `readOnly`, since control runs twice, and for limits that are limits", () => {
    const lab = new Laboratory();
    const sides = { control: () => 1, candidate: () => 1 };
    expect(() => lab.experiment("a", { ...sides, noise: true })).toThrow(/readOnly.*true/);
    expect(() => lab.experiment("b", { ...sides, readOnly: true, noise: { rate: 2 } })).toThrow(/noise\.rate/);
    expect(() => lab.experiment("c", { ...sides, readOnly: true, noise: { max: -1 } })).toThrow(SidelaneError);
    expect(() => lab.experiment("d", { ...sides, readOnly: true, noise: { often: 1 } as never })).toThrow(/often/);
  });
});
