import { describe, expect, it } from "vitest";
import { Deadlines } from "../../../src/experiment/limits/deadlines.ts";
import type { Services } from "../../../src/experiment/define/services.ts";
import { Mark } from "../../../src/experiment/runtime/current-run.ts";
import { StreamPair, type CandidateStreamEnd } from "../../../src/experiment/streams/stream-pair.ts";
import { fixedClock } from "../../../src/testing/index.ts";
import { turn } from "../../proof/held.ts";

const timeoutMs = 100;
const notRead = { kind: "lost", reason: "control's stream was not read to its end" };
const boom = new Error("boom");

function returned(items: readonly unknown[]): object {
  return { kind: "outcome", outcome: { kind: "returned", value: items }, bytes: 16 * items.length };
}

const threw = { kind: "outcome", outcome: { kind: "threw", error: boom }, bytes: 0 };

function* numbers(to: number): Generator<number> {
  for (let number = 1; number <= to; number++) yield number;
}

/** A candidate's stream that counts what is taken from it, and knows when it is left. */
function counted(to: number) {
  const state = { taken: 0, left: 0 };
  const stream = {
    [Symbol.iterator]: () => stream,
    next: () => (state.taken < to ? { value: (state.taken += 1) } : { done: true }),
    return: () => void (state.left += 1),
  };
  return { stream, state };
}

/** A candidate's stream that hangs after some items. */
async function* hanging(after: number): AsyncGenerator<number> {
  yield* numbers(after);
  await new Promise(() => undefined);
}

function aFastAsyncCall({ maxItems = 1_000 } = {}) {
  const clock = fixedClock();
  const services = {
    clock,
    deadlines: new Deadlines(clock, (call) => call()),
    trackRuns: false,
  } as unknown as Services;
  const pair = new StreamPair(services, { maxItems, maxBytes: 100_000 }, timeoutMs);
  const control: unknown[] = [];
  const candidate: CandidateStreamEnd[] = [];
  const mark = new Mark("stream", "candidate");
  return {
    pair,
    clock,
    mark,
    /** How they ended. */
    control,
    candidate,
    observe: <Stream extends object>(stream: Stream): Stream => {
      pair.observeControl(stream, (end) => control.push(end));
      return stream;
    },
    drain: (stream: object) => pair.drain(stream, mark, (end) => candidate.push(end)),
  };
}

describe("a pair of streams", () => {
  it("is read 8 items ahead of control's caller, and to its end when control's has ended", () => {
    const { observe, drain, control, candidate } = aFastAsyncCall();
    const { stream, state } = counted(30);
    const read = observe(numbers(3));
    drain(stream);
    expect(state.taken).toBe(8);
    read.next();
    expect(state.taken).toBe(9);
    read.next();
    const late = counted(30);
    drain(late.stream);
    expect([state.taken, late.state.taken]).toEqual([10, 10]);
    read.next();
    expect(candidate).toEqual([]);
    expect(read.next().done).toBe(true);
    expect(control).toEqual([returned([1, 2, 3])]);
    expect(candidate).toEqual([returned([...numbers(30)]), returned([...numbers(30)])]);
    expect([state.left, late.state.left]).toEqual([0, 0]);
  });

  it("ends with the errors of each side", () => {
    const { observe, drain, control, candidate } = aFastAsyncCall();
    const failing = (): Generator<number> =>
      (function* () {
        yield 1;
        throw boom;
      })();
    const read = observe(failing());
    drain(failing());
    expect(candidate).toEqual([threw]);
    read.next();
    expect(() => read.next()).toThrow(boom);
    expect(control).toEqual([threw]);
  });

  it("keeps what it told, however much later", () => {
    const { observe, drain, control, candidate, clock, mark } = aFastAsyncCall();
    const read = observe(numbers(1));
    drain(numbers(1));
    expect([read.next().done, read.next().done]).toEqual([false, true]);
    clock.advance(10 * timeoutMs);
    expect([control, candidate]).toEqual([[returned([1])], [returned([1])]]);
    expect(mark.signal.aborted).toBe(false);
    expect(Object.keys(read)).toEqual([]);
    expect(Object.getOwnPropertyNames(read)).toEqual([]);
  });

  it("has timed out on the candidate's side when that keeps still", async () => {
    const { observe, drain, control, candidate, clock, mark } = aFastAsyncCall();
    const read = observe(numbers(20));
    drain(hanging(2));
    await turn();
    clock.advance(timeoutMs - 1);
    read.next();
    expect([control, candidate]).toEqual([[], []]);
    clock.advance(1);
    expect(candidate).toEqual([{ kind: "timed-out" }]);
    expect(mark.signal.aborted).toBe(true);
    expect(control).toEqual([]);
  });

  it("is lost on control's side when its caller keeps still, and the candidate's is left", () => {
    const { observe, drain, control, candidate, clock } = aFastAsyncCall();
    const { stream, state } = counted(100);
    const read = observe(numbers(20));
    drain(stream);
    for (const number of [1, 2, 3]) {
      clock.advance(timeoutMs - 1);
      expect(read.next().value).toBe(number);
      expect(control).toEqual([]);
    }
    clock.advance(timeoutMs);
    expect(control).toEqual([notRead]);
    expect(candidate).toEqual([notRead]);
    expect(state).toEqual({ taken: 11, left: 1 });
    expect(Object.getOwnPropertyNames(read)).toEqual([]);
    expect(read.next().value).toBe(4);
    expect(control).toHaveLength(1);
  });

  it("returns a candidate its time from item to item, not in all", async () => {
    const { observe, drain, candidate, clock } = aFastAsyncCall();
    const read = observe(numbers(20));
    const steps: (() => void)[] = [];
    drain(
      (async function* () {
        for (;;) {
          await new Promise<void>((resolve) => steps.push(resolve));
          yield 1;
        }
      })(),
    );
    for (let item = 0; item < 3; item++) {
      await turn();
      clock.advance(0.6 * timeoutMs);
      read.next();
      steps[item]!();
    }
    await turn();
    expect(candidate).toEqual([]);
  });

  it("is left by both where the caller stops", async () => {
    const { observe, drain, control, candidate } = aFastAsyncCall();
    const { stream, state } = counted(100);
    const read = observe(numbers(20));
    drain(stream);
    read.next();
    read.return(undefined);
    expect([control, candidate]).toEqual([[notRead], [notRead]]);
    expect(state.left).toBe(1);
  });

  it("is left by candidates that come when control's is lost, or was none", () => {
    const lost = aFastAsyncCall();
    lost.observe(Object.freeze(numbers(3)));
    const unread = aFastAsyncCall();
    unread.pair.noControl();
    const counts = [lost, unread].map(({ drain }) => {
      const { stream, state } = counted(30);
      drain(stream);
      return state;
    });
    const reason = "control's stream is read in a way that cannot be observed";
    expect([lost.candidate, unread.candidate]).toEqual([[{ kind: "lost", reason }], [{ kind: "unread" }]]);
    expect(counts).toEqual([
      { taken: 0, left: 1 },
      { taken: 0, left: 1 },
    ]);
  });

  it("is left by candidates that were there already when control returned no stream", () => {
    const { pair, drain, candidate } = aFastAsyncCall();
    const { stream, state } = counted(30);
    drain(stream);
    drain(stream);
    pair.noControl();
    expect(candidate).toEqual([{ kind: "unread" }, { kind: "unread" }]);
    expect(state.left).toBe(2);
  });

  it("says on which side there was more than is kept", () => {
    const lost = { kind: "lost", reason: "a stream has more than 3 items" };
    const long = aFastAsyncCall({ maxItems: 3 });
    const read = long.observe(numbers(10));
    long.drain(numbers(2));
    expect([...read]).toHaveLength(10);
    expect([long.control, long.candidate]).toEqual([[lost], [returned([1, 2])]]);
    const longer = aFastAsyncCall({ maxItems: 3 });
    longer.observe(numbers(10));
    longer.drain(numbers(5));
    expect([longer.control, longer.candidate]).toEqual([[], [lost]]);
  });

  it("tells of a candidate's stream that cannot be read at all, once", () => {
    const { observe, drain, candidate, clock } = aFastAsyncCall();
    const read = observe(numbers(1));
    drain({
      [Symbol.iterator]: () => {
        throw boom;
      },
    });
    clock.advance(10 * timeoutMs);
    read.next();
    expect(candidate).toEqual([threw]);
  });

  it("takes off what it had put on where control's stream can be observed in part only", () => {
    const { observe, control } = aFastAsyncCall();
    const next = (): object => ({ value: 1 });
    const stream = Object.create(
      { next, [Symbol.iterator]: () => undefined },
      { return: { value: () => undefined } },
    ) as {
      next: unknown;
    };
    observe(stream);
    expect(control).toEqual([{ kind: "lost", reason: "control's stream is read in a way that cannot be observed" }]);
    expect(Object.getOwnPropertyNames(stream)).toEqual(["return"]);
    expect(stream.next).toBe(next);
  });
});
