import { afterEach, describe, expect, it } from "vitest";
import { bank, closeBanks, pay } from "./bank.ts";
import type { Payment } from "./ledger.ts";
import { holding, moving } from "./moving.ts";

afterEach(closeBanks);

/** What JavaScript may say in the place of a stage and a share. */
const strange: readonly unknown[] = [
  undefined,
  null,
  "live",
  {},
  { stage: "later", share: 1 },
  { stage: "ramp" },
  { stage: "ramp", share: NaN },
  { stage: "ramp", share: 2 },
  Promise.resolve({ stage: "live", share: 1 }),
];

describe("the stage that is wished", () => {
  it.each(strange.map((said) => [said]))("is refused where a rollout says %o at first", (said) => {
    const rollout = { current: () => said as never };
    expect(() => bank("memory", { rollout, partition: ({ from }: Payment) => from })).toThrow(
      expect.objectContaining({
        code: "invalid-definition",
        message: expect.stringContaining("expected `rollout.current()` to be a stage") as string,
      }) as Error,
    );
  });

  it("is what was said last where a rollout throws later, or says none: a write that has committed does not reject", async () => {
    let say = (): unknown => ({ stage: "live" });
    const { payments } = bank("memory", { rollout: { current: () => say() as never } });
    expect(await payments.status()).toMatchObject({ stage: "live", share: 1 });
    for (const said of strange) {
      say = () => said;
      expect(await payments.write(pay("a", "b", 1))).toMatchObject({ id: expect.any(String) as string });
      expect(await payments.status()).toMatchObject({ stage: "live", share: 1 });
    }
    say = () => {
      throw new Error("the flags cannot be read");
    };
    expect(await payments.write(pay("a", "b", 1))).toMatchObject({ id: expect.any(String) as string });
    say = () => ({ stage: "shadow" });
    expect(await payments.status()).toMatchObject({ stage: "shadow", share: 0 });
  });

  it("moves no bucket where it comes to a ramp without `partition`, of which all operations are one bucket", async () => {
    const all = moving("memory");
    await all.payments.write(pay("a", "b", 1));
    await all.settle();
    expect(await all.payments.reconcile()).toMatchObject({ clean: true });
    all.wish("ramp", 0.01);
    await all.workUntil(() => all.held()?.startsWith("the stage is `ramp`, and without `partition`") === true);
    expect((await holding(all))["candidate"]).toBe(0);
  });
});
