import { describe, expect, it } from "vitest";
import { later } from "../../src/model/later.ts";
import { sliceMs, turnIsOver } from "../../src/model/turn.ts";

const nextTurn = (): Promise<void> => new Promise<void>(later);

function beBusyFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("a turn of the event loop", () => {
  it("has at most 5 ms for one piece of work, and at least 1 for each", async () => {
    await nextTurn();
    expect(sliceMs()).toBe(5);
    beBusyFor(8);
    expect(sliceMs()).toBeLessThan(3);
    beBusyFor(20);
    expect(sliceMs()).toBe(1);
  });

  it("is over when all have had 10 ms of it, and begins anew with the next", async () => {
    await nextTurn();
    sliceMs();
    expect(turnIsOver()).toBe(false);
    beBusyFor(11);
    expect(turnIsOver()).toBe(true);
    await nextTurn();
    expect(turnIsOver()).toBe(false);
    expect(sliceMs()).toBe(5);
  });
});
