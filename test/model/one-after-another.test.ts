import { expect, it } from "vitest";
import { oneAfterAnother } from "../../src/model/one-after-another.ts";

it("begins a piece of work when the one before has ended, well or not, and tells each caller its own outcome", async () => {
  const inTurn = oneAfterAnother();
  const happened: string[] = [];
  const work = (name: string, fails: boolean) => async (): Promise<string> => {
    happened.push(`${name} begins`);
    await Promise.resolve();
    happened.push(`${name} ends`);
    if (fails) throw new Error(name);
    return name;
  };
  const ended = await Promise.allSettled([inTurn(work("a", true)), inTurn(work("b", false)), inTurn(work("c", false))]);
  expect(happened).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(ended).toMatchObject([{ reason: { message: "a" } }, { value: "b" }, { value: "c" }]);
});
