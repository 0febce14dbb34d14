import { expect, it } from "vitest";
import { decide } from "../../../src/rollout/decide.ts";
import { gates, type Gate } from "../../../src/rollout/index.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import { sample } from "../../stats/sample.ts";
import { testHost, type TestHost } from "../host.ts";
import type { Sample } from "../../../src/model/rollout.ts";

const minute = 60_000;

/** 200 calls a minute for so long, each as `of` says by its number. */
function drive(
  options: Parameters<typeof ramp>[0],
  minutes: number,
  of: (call: number) => Partial<Sample>,
): { host: TestHost; rollout: ReturnType<typeof ramp> } {
  const host = testHost();
  const rollout = ramp({ onReady: "advance", ...options });
  rollout.bind!("price", host);
  for (let call = 0; call < minutes * 200; call++) {
    host.called++;
    const key = `user-${call}`;
    const running = rollout.current();
    const served = decide(running, rollout.bucket("price", key)).serve === "candidate";
    rollout.record!(sample({ key, served, at: host.clock.now(), epoch: running.epoch, ...of(call) }));
    if (call % 20 === 19) host.clock.advance(minute / 10);
  }
  return { host, rollout };
}

const stalls = ({ events }: TestHost): string[] =>
  events.filter(({ kind }) => kind === "stalled").map(({ reason }) => reason);

const fast: readonly Gate[] = [gates.mismatches(0.01), gates.errors(0.01)];

it.each([
  ["the usual gates", undefined],
  ["a gate of errors", [gates.errors()]],
  ["a gate of latencies", [gates.slower()]],
  ["a gate of one's own", [gates.custom({ name: "own", max: 0.5, of: () => 0 })]],
  ["a loose gate", [gates.errors(), gates.inconclusive(0.999)]],
])("takes no step where nothing could be compared, under %s, and says so once", (_what, list) => {
  const { host, rollout } = drive(list && { gates: list }, 40, () => ({
    kind: "inconclusive",
    result: () => ({}) as never,
  }));
  expect(rollout.current().stage).toBe("shadow");
  expect(rollout.verdict().kind).toBe("not-ready");
  expect(stalls(host)).toEqual([expect.stringMatching(/inconclusive: 100 % of .* calls, at most/)]);
});

it("takes no step where nine of ten calls could not be compared", () => {
  const { host, rollout } = drive({ gates: fast }, 60, (call) => (call % 10 === 0 ? {} : { kind: "inconclusive" }));
  expect(rollout.current().stage).toBe("shadow");
  expect(stalls(host)).toEqual(["inconclusive: 90 % of 100 calls, at most 5 % tolerated."]);
});

it("goes on where a few could not, and where more are tolerated", () => {
  const few = drive({ gates: fast }, 30, (call) => (call % 25 === 0 ? { kind: "inconclusive" } : {}));
  expect(few.rollout.current().stage).not.toBe("shadow");
  expect(stalls(few.host)).toEqual([]);
  const many = drive({ gates: [...fast, gates.inconclusive(0.95)] }, 60, (call) =>
    call % 10 === 0 ? {} : { kind: "inconclusive" },
  );
  expect(many.rollout.current().stage).not.toBe("shadow");
});

it("says again when it stalls again, and nothing when it does not", () => {
  const isBad = (call: number): boolean => call < 400 || (call >= 12_000 && call < 14_000);
  const { host } = drive({ gates: fast, onReady: "notify" }, 80, (call) =>
    isBad(call) ? { kind: "inconclusive" } : {},
  );
  expect(stalls(host)).toHaveLength(2);
});

it("does not count calls that the candidate answered alone as inconclusive, nor as units", () => {
  const { host, rollout } = drive({ gates: fast }, 30, (call) =>
    call % 10 === 0 ? {} : { kind: "inconclusive", aboutControl: "absent" },
  );
  expect(stalls(host)).toEqual([]);
  expect(rollout.current().stage).not.toBe("shadow");
  const early = drive({ gates: fast }, 2, (call) =>
    call % 10 === 0 ? {} : { kind: "inconclusive", aboutControl: "absent" },
  );
  // Two keys may share a place.
  expect(early.rollout.verdict().units).toBeGreaterThan(37);
  expect(early.rollout.verdict().units).toBeLessThanOrEqual(40);
});

it("says of a gate that always throws that it does, and takes no step", () => {
  const broken: Gate = {
    name: "broken",
    max: 0.1,
    penalty() {
      throw new Error("gone");
    },
  };
  const { host, rollout } = drive({ gates: [...fast, broken] }, 30, () => ({}));
  expect(rollout.current().stage).toBe("shadow");
  expect(stalls(host)).toEqual([
    expect.stringMatching(/^broken: the gate failed in each of .* calls, and says nothing\.$/),
  ]);
  expect(rollout.verdict().reasons).toEqual([expect.stringMatching(/^broken: /)]);
});

it("says of a gate that judges nothing that it does not", () => {
  const mute: Gate = { name: "mute", max: 0.1, penalty: () => undefined };
  const { host } = drive({ gates: [...fast, mute] }, 30, () => ({}));
  expect(stalls(host)).toEqual([expect.stringMatching(/^mute: the gate could judge none of /)]);
});

it("refuses a gate that goes by something else", () => {
  const odd = { ...gates.errors(), by: "weeks" } as unknown as Gate;
  expect(() => ramp({ gates: [odd] })).toThrow(/by/);
});
