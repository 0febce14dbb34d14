import { expect } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { ramp, type RolloutState, type RolloutStore } from "../../src/rollout/index.ts";
import { called } from "./called.ts";

/** All that a person may ask of a store by the command line, from the first state on, and what running ramps see of it. */
export async function steersAStore(store: RolloutStore, address: string): Promise<void> {
  const lab = new Laboratory({ labels: { build: "a1" } });
  const rollout = ramp({
    store,
    steps: [0.1, { share: 0.5, pause: true }],
    minimumUnits: 700,
    completeAfterMs: 3_600_000,
  });
  const call = lab.experiment("price", { control: () => 1, candidate: () => 1, key: () => "k", rollout });
  call();
  await rollout.loaded;
  await lab.settled();
  await lab.close();
  const ask = (action: string, ...more: string[]): ReturnType<typeof called> =>
    called(["rollout", action, "price", "--store", address, ...more]);
  const as = (reason: string): string[] => ["--by", "ada", "--reason", reason];
  const state = async (): Promise<RolloutState> =>
    (JSON.parse((await ask("status", "--json")).out) as { state: RolloutState }).state;

  const first = await ask("status");
  expect([first.code, first.err]).toEqual([0, ""]);
  expect(first.out).toMatch(/^price · shadow · for /);
  expect(first.out).toContain("  ● shadow\n  ○ ramp at 10 %\n  ○ ramp at 50 %\n  ○ live\n  ○ complete\n");
  expect(first.out).toContain("700 units");
  expect(JSON.stringify(await state())).not.toContain("unitSecret");

  expect(await ask("advance", ...as("looked at it"))).toEqual({
    code: 0,
    out: "price: shadow → ramp at 10 %, epoch 2; the next step is ramp at 50 %\n",
    err: "",
  });
  // A step that pauses does so without the program, too.
  expect((await ask("advance", ...as("go on"))).out).toContain("ramp at 10 % → ramp at 50 % (paused)");
  expect(await ask("advance", ...as("go on"))).toMatchObject({ code: 1, out: "" });
  expect((await ask("resume", ...as("looks well"))).code).toBe(0);
  expect((await ask("pause", ...as("lunch"))).code).toBe(0);
  expect((await ask("status")).out).toContain("· PAUSED");
  expect((await ask("resume", ...as("back"))).code).toBe(0);
  expect((await ask("step-back", ...as("too fast"))).out).toContain("ramp at 50 % → ramp at 10 %");
  expect((await ask("rollback", ...as("totals are off"))).out).toContain("ramp at 10 % → shadow (rolled back)");
  const latched = await ask("status");
  expect(latched.out).toContain("ROLLED BACK, until a person clears it");
  expect(latched.out).toContain("latched: a1 by ada");
  expect(await ask("advance", ...as("please"))).toMatchObject({
    code: 1,
    err: "sidelane rollout: cannot advance. It is rolled-back; `clear` it first.\n",
  });
  expect((await ask("clear", ...as("mended"))).code).toBe(0);
  for (let step = 0; step < 3; step++) {
    await ask("advance", ...as("on"));
    await ask("resume", ...as("on"));
  }
  expect((await state()).stage).toBe("live");
  // Its limits are those of the program that made it.
  expect((await ask("complete", ...as("done"))).err).toMatch(
    /cannot complete\. It has to be live for 3[0-9]{3} s more/,
  );
  const { history } = await state();
  expect(history.every(({ by }) => by === "ada")).toBe(true);
  expect(history.at(-1)!.reason).toBe("on");

  // Another process goes on from there.
  const other = new Laboratory({ labels: { build: "a1" } });
  const follows = ramp({
    store,
    steps: [0.1, { share: 0.5, pause: true }],
    minimumUnits: 700,
    completeAfterMs: 3_600_000,
  });
  other.experiment("price", { control: () => 1, candidate: () => 1, key: () => "k", rollout: follows });
  await follows.loaded;
  expect(follows.status().state.id).toBe((await state()).id);
  await other.close();

  expect((await ask("forget", ...as("over"))).out).toBe("price: forgotten, as ada asked: over\n");
  expect(await ask("status")).toMatchObject({
    code: 1,
    err: "sidelane rollout: the store has no rollout of price; names are those of experiments, to the letter\n",
  });
  expect((await ask("forget", ...as("over"))).code).toBe(1);
  expect((await ask("pause", ...as("over"))).code).toBe(1);
}
