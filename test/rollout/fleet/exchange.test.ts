import { afterEach, describe, expect, it, vi } from "vitest";
import { FleetExchange, type FleetMember } from "../../../src/rollout/fleet/exchange.ts";
import type { Report, RolloutStore, SyncedState } from "../../../src/rollout/stores/store.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { watchedDeadlines } from "../watched-deadlines.ts";

afterEach(() => void vi.restoreAllMocks());

/** An exchange by itself: who was exchanged for, each time, and whether that kept the process alive. */
function exchanging() {
  const clock = fixedClock();
  const { watched, alive } = watchedDeadlines(clock);
  const asked: string[][] = [];
  const answers: Record<string, SyncedState | undefined> = {};
  const way = { isSilent: false, watchFails: false, watching: 0 };
  let tell: (experiment: string, heard?: unknown) => void = () => undefined;
  const store = {
    async sync(reports: readonly Report[]) {
      asked.push(reports.map(({ experiment }) => experiment));
      if (way.isSilent) return new Promise(() => undefined);
      return { now: clock.now(), states: answers };
    },
    watch(onChange: typeof tell) {
      if (way.watchFails) throw new Error("not to be watched");
      way.watching++;
      tell = onChange;
      return () => void way.watching--;
    },
  } as unknown as RolloutStore;
  const exchange = FleetExchange.of(store, watched);
  return {
    exchange,
    clock,
    watched,
    store,
    asked,
    alive,
    answers,
    way,
    tell: (...of: Parameters<typeof tell>) => tell(...of),
  };
}

interface Member extends FleetMember {
  leaves: boolean;
  hasLeft: boolean;
  isSafer: boolean;
  readonly ahead: { isEmpty: boolean };
  readonly heard: (answer: SyncedState) => void;
  readonly answers: SyncedState[];
  readonly faults: string[];
}

function member(experiment: string, everyMs = 10_000): Member {
  const made: Member = {
    ...{ experiment, everyMs, leaves: false, hasLeft: false, isSafer: true, ahead: { isEmpty: true } },
    ...{ answers: [], faults: [] },
    report: () => ({ experiment }) as Report,
    heard: (answer) => void made.answers.push(answer),
    failed: (error) => void made.faults.push(String(error)),
    hears() {
      if (made.isSafer) made.ahead.isEmpty = false;
      return made.isSafer;
    },
  };
  return made;
}

/** With members that have been exchanged for. */
async function joined(...members: readonly Member[]) {
  const all = exchanging();
  for (const { experiment } of members) all.answers[experiment] = {};
  const leave = members.map((each) => all.exchange.join(each));
  await all.clock.advanceAsync(0);
  all.asked.length = all.alive.length = 0;
  return { ...all, leave };
}

describe("an exchange", () => {
  it("is one for all that have one store and one clock, and another one for each clock", () => {
    const { exchange, watched, store } = exchanging();
    expect(FleetExchange.of(store, watched)).toBe(exchange);
    expect(FleetExchange.of(store, fixedClock())).not.toBe(exchange);
    expect(FleetExchange.of(exchanging().store, watched)).not.toBe(exchange);
  });

  it("asks once for all that join at one moment, and keeps no process alive", async () => {
    const { exchange, clock, asked, alive, answers } = exchanging();
    answers["price"] = answers["stock"] = {};
    const [price, stock] = [member("price"), member("stock")];
    for (const each of [price, stock]) exchange.join(each);
    await clock.advanceAsync(0);
    expect(asked).toEqual([["price", "stock"]]);
    expect(alive).toEqual([false]);
    expect([price.answers, stock.answers]).toEqual([[{}], [{}]]);
  });

  it("keeps the process alive where one of those waits for it, and not the next time", async () => {
    const price = member("price");
    const { exchange, alive } = await joined(price);
    await Promise.all([exchange.look([price]), exchange.look([price], true), exchange.look([price])]);
    expect(alive).toEqual([true]);
    await exchange.look([price]);
    expect(alive).toEqual([true, false]);
  });

  it("comes after the one that is under way, once for all that have asked meanwhile", async () => {
    const [price, stock] = [member("price"), member("stock")];
    const { exchange, clock, asked, way } = await joined(price, stock);
    way.isSilent = true;
    const first = exchange.look([price]);
    await clock.advanceAsync(0);
    const [second, third] = [exchange.look([price]), exchange.look([stock])];
    await clock.advanceAsync(1_999);
    expect(asked).toEqual([["price"]]);
    way.isSilent = false;
    await clock.advanceAsync(1);
    await Promise.all([first, second, third]);
    expect(asked).toEqual([["price"], ["price", "stock"]]);
    expect(price.faults).toEqual(["Error: The store did not answer an exchange within 2000 ms"]);
    expect(stock.faults).toEqual([]);
  });

  it("is not made for those that have gone meanwhile, and is for those that say so now", async () => {
    const [price, stock, total] = [member("price"), member("stock"), member("total")];
    const { exchange, clock, asked, leave } = await joined(price, stock, total);
    for (const stop of leave) stop();
    stock.leaves = total.leaves = total.hasLeft = true;
    await exchange.look([price, stock, total]);
    expect(asked).toEqual([["stock"]]);
    await exchange.look([price, total]);
    expect(asked).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe("what a store answers", () => {
  it("for one experiment alone fails for that one alone", async () => {
    const [price, stock, total] = [member("price"), member("stock"), member("total")];
    const { exchange, answers } = await joined(price, stock, total);
    answers["price"] = undefined;
    answers["stock"] = { failed: new Error("not to be read") };
    await exchange.look([price, stock, total]);
    expect(price.faults).toEqual(['Error: The store answered nothing for "price"']);
    expect(stock.faults).toEqual(["Error: not to be read"]);
    expect(total.faults).toEqual([]);
    expect([price, stock, total].map((each) => each.answers.length)).toEqual([1, 1, 2]);
  });

  it("is not looked for among what every object has", async () => {
    const { exchange } = await joined();
    const odd = member("constructor");
    exchange.join(odd);
    await exchange.look([odd]);
    expect(odd.faults).toEqual(['Error: The store answered nothing for "constructor"']);
  });

  it("reaches the others where one cannot take it", async () => {
    const [price, stock] = [member("price"), member("stock")];
    const { exchange } = await joined({ ...price, heard: () => void fails(), failed: price.failed }, stock);
    await exchange.look([stock]);
    expect(price.faults).toEqual(["Error: cannot take it"]);
    expect(stock.answers).toHaveLength(2);
    function fails(): never {
      throw new Error("cannot take it");
    }
  });
});

describe("how often a store is asked", () => {
  it.each([
    [0, 800],
    [0.999999, 1_200],
  ])("is as often as the most frequent of all wants it, give or take a fifth: %d", async (random, afterMs) => {
    vi.spyOn(Math, "random").mockReturnValue(random);
    const { clock, asked } = await joined(member("price", 1_000), member("stock", 9_000));
    await clock.advanceAsync(afterMs - 1);
    expect(asked).toEqual([]);
    await clock.advanceAsync(1);
    expect(asked).toEqual([["price", "stock"]]);
    await clock.advanceAsync(afterMs);
    expect(asked).toHaveLength(2);
  });

  it("goes on for those that stay, and ends with the last one", async () => {
    const { clock, asked, leave, way } = await joined(member("price", 1_000), member("stock", 9_000));
    leave[0]!();
    await clock.advanceAsync(1_200);
    expect(asked).toEqual([["stock"]]);
    leave[1]!();
    expect([clock.pending, way.watching]).toEqual([0, 0]);
    await clock.advanceAsync(60_000);
    expect(asked).toHaveLength(1);
  });
});

describe("watching a store", () => {
  it("is begun once, by the first that joins", async () => {
    const { clock, way } = await joined(member("price", 1_000), member("stock", 1_000));
    await clock.advanceAsync(10_000);
    expect(way.watching).toBe(1);
  });

  it("is tried again with every poll where it fails, and all are told", async () => {
    const all = exchanging();
    all.answers["price"] = {};
    all.way.watchFails = true;
    const price = member("price", 1_000);
    all.exchange.join(price);
    expect(price.faults).toEqual(["Error: not to be watched"]);
    await all.clock.advanceAsync(1_201);
    expect(price.faults).toHaveLength(2);
    expect(price.answers.length).toBeGreaterThan(1);
    all.way.watchFails = false;
    await all.clock.advanceAsync(1_201);
    expect(all.way.watching).toBe(1);
  });
});

describe("the news of a change", () => {
  const news = { id: "next", stage: "off", share: 0 };

  it.each([
    ["the fifth part of the shortest poll", [member("price", 1_000), member("stock")], 200],
    ["a second", [member("price", 30_000), member("stock", 60_000)], 1_000],
  ] as const)("that makes the candidate do less is confirmed within %s", async (_, members, withinMs) => {
    vi.spyOn(Math, "random").mockReturnValue(0.999999);
    const { clock, asked, tell } = await joined(...members);
    tell("price", news);
    await clock.advanceAsync(withinMs - 1);
    expect(asked).toEqual([]);
    await clock.advanceAsync(1);
    expect(asked).toEqual([["price"]]);
  });

  it("is confirmed once, however often it comes, and not where an exchange has done so before", async () => {
    const price = member("price");
    const { exchange, clock, asked, tell } = await joined(price);
    tell("price", news);
    tell("price", news);
    await exchange.look([price]);
    price.ahead.isEmpty = true;
    await clock.advanceAsync(2_000);
    expect(asked).toHaveLength(1);
    tell("price", news);
    await clock.advanceAsync(2_000);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ["says nothing", undefined],
    ["makes the candidate do no less", news],
  ])("that %s has the store asked at once, and once", async (_, heard) => {
    const price = member("price");
    const { clock, asked, tell } = await joined(price, member("stock"));
    price.isSafer = false;
    const { pending } = clock;
    tell("price", heard);
    // The deadline of the exchange alone: nothing is left to be confirmed.
    await Promise.resolve();
    expect(clock.pending).toBe(pending + 1);
    await clock.advanceAsync(2_000);
    expect(asked).toEqual([["price"]]);
  });

  it("of another experiment asks for nothing", async () => {
    const { clock, asked, tell } = await joined(member("price"));
    const { pending } = clock;
    tell("stock", news);
    await clock.advanceAsync(2_000);
    expect(asked).toEqual([]);
    expect(clock.pending).toBe(pending);
  });
});
