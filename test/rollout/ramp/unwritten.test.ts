import { describe, expect, it } from "vitest";
import { fork, UnwrittenChanges } from "../../../src/rollout/ramp/unwritten.ts";
import { initialState, type RolloutState } from "../../../src/rollout/state.ts";
import { transition, type RolloutRequest } from "../../../src/rollout/transition.ts";

const first = initialState([0.1, 0.5], 0);
const asked = (kind: RolloutRequest["kind"], at = 1): RolloutRequest => ({ kind, at, by: "Ada", reason: "seen" });
const [advance, pause, rollback] = [asked("advance"), asked("pause", 2), asked("rollback", 3)];
const ramping = transition(first, advance);

/** What was done here upon a state, one after another. */
function doneUpon(state: RolloutState, ...requests: readonly RolloutRequest[]): UnwrittenChanges {
  const changes = new UnwrittenChanges();
  let before = state;
  for (const request of requests) {
    const next = transition(before, request);
    changes.add(request, before, next);
    before = next;
  }
  return changes;
}

describe("what was done here and is not in the store yet", () => {
  it("lies as it is on the state that it was made from, and anew on another one", () => {
    const changes = doneUpon(ramping, pause, rollback);
    const { next } = changes.first!;
    const both = changes.onTopOf(ramping);
    expect(both).toMatchObject({ mode: "rolled-back", parent: next.id });
    const further = transition(ramping, asked("advance", 4));
    const anew = changes.onTopOf(further);
    expect(anew).toMatchObject({ mode: "rolled-back", share: 0 });
    expect(anew.history.map(({ kind }) => kind)).toEqual(["advanced", "advanced", "paused", "rolled-back"]);
    expect(changes.first).toMatchObject({ request: pause, base: further.id });
    expect(changes.first!.next.id).not.toBe(next.id);
  });

  it("is dropped where the store has it, or where another process went as far", () => {
    const written = doneUpon(ramping, pause);
    const { next } = written.first!;
    expect(written.onTopOf(next)).toBe(next);
    expect(written.isEmpty).toBe(true);
    const further = transition(ramping, asked("rollback", 2));
    const overtaken = doneUpon(ramping, rollback);
    expect(overtaken.onTopOf(further)).toBe(further);
    expect(overtaken.isEmpty).toBe(true);
    expect(overtaken.first).toBeUndefined();
  });

  it("is told once where the store cannot be reached, and is no news any more when it is written", () => {
    const changes = doneUpon(ramping, pause);
    expect(changes.tell()).toMatchObject([{ kind: "paused", reason: "seen" }]);
    expect(changes.tell()).toEqual([]);
    changes.add(rollback, changes.first!.next, transition(changes.first!.next, rollback));
    expect(changes.tell()).toMatchObject([{ kind: "rolled-back" }]);
    expect(changes.written(pause)).toBe(false);
    expect(changes.first).toMatchObject({ request: rollback });
    expect(changes.written(rollback)).toBe(false);
    expect(changes.isEmpty).toBe(true);
    const untold = doneUpon(ramping, pause, rollback);
    expect(untold.written(pause)).toBe(true);
    expect(untold.first).toMatchObject({ request: rollback });
  });

  it("asks for the safer one where the store has lost something", () => {
    const request = fork(transition(ramping, rollback), 9);
    expect(request).toMatchObject({
      kind: "forked",
      at: 9,
      by: "ramp",
      reason: expect.stringMatching(/safer one holds/),
    });
    expect(transition(ramping, request)).toMatchObject({ mode: "rolled-back", share: 0 });
  });
});
