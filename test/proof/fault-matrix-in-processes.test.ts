import { describe, expect, it } from "vitest";
import { runChild } from "./child.ts";
import { misdeeds, places, type Cell, type Place } from "./misdeeds.ts";

/** Under which name each place counts what foreign code does wrong there. */
const countedAs: Readonly<Record<Place, string>> = {
  gate: "fault enabled",
  key: "fault key",
  context: "fault context",
  prepare: "fault prepare",
  candidate: "outcome mismatched",
  compare: "fault compare",
  clean: "fault clean",
  knownMismatches: "fault knownMismatches",
  publisher: "fault publish",
  // Nobody is left to be told of a fault handler's own; the fault that it was told of is counted all the same.
  onFault: "fault enabled",
  clock: "fault clock",
  random: "fault random",
};

/** Cells that count otherwise, and why. */
const otherwise: Readonly<Record<string, string | undefined>> = {
  "gate, returns a revoked proxy": undefined, // Any object is true, also one that nobody can read.
  "key, returns a revoked proxy": undefined, // What is no string or number is no key: the call stays control's.
  "clean, returns a revoked proxy": undefined, // It is what publishers get to see, as asked for.
  "candidate, hangs": "outcome timedOut",
  "compare, rejects": "outcome inconclusive", // A promise is no answer: the comparison says so, and is no match.
  "compare, hangs": "outcome inconclusive",
  "compare, returns an evil thenable": "outcome inconclusive",
  "compare, returns a promise subclass": "outcome inconclusive",
  "compare, returns a promise subclass that rejects twice": "outcome inconclusive",
  "compare, returns a promise of another realm": "outcome inconclusive",
  "publisher, hangs": "publisher failed", // Closing ended its wait; a fault comes when it times out.
};

/** Nothing is wrong with what the hook returns: the call goes on as it would. */
const honest = ["calls a second copy of the package", "fakes the timers", "freezes the event loop"];

function expected({ place, misdeed, served }: Cell): string | undefined {
  // Calling an experiment from one of its hooks is nothing wrong: control alone runs there, as a counted skip.
  if (misdeed === "calls the experiment again") {
    // Under a rollout, where one calls from is asked before whether the call is drawn.
    return (served && place === "random" ? undefined : againCountedAs[place]) ?? "skip detached";
  }
  if (honest.includes(misdeed) && place !== "onFault") return undefined;
  const cell = `${place}, ${misdeed}`;
  return cell in otherwise ? otherwise[cell] : countedAs[place];
}

const againCountedAs: Partial<Record<Place, string>> = { candidate: "skip nested", random: "skip sampled-out" };

// A process for every three places: starting one costs more than running the cells of one place.
const rows = [0, 3, 6, 9].map((from) => places.slice(from, from + 3));

describe("foreign code", () => {
  it.each(rows)("leaves control's outcome as it is, and is counted: %s, %s, %s", async (...row) => {
    const { code, stdout, stderr } = await runChild("fault-matrix.child.ts", row);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const cells = JSON.parse(stdout) as Cell[];
    const left = row.includes("candidate") ? 2 : 0;
    expect(cells).toHaveLength(4 * row.length * Object.keys(misdeeds).length - left);
    for (const cell of cells) {
      const about = `${cell.place} ${cell.misdeed}, under a control that is ${cell.control}${cell.served ? ", served by the candidate" : ""}`;
      const count = expected(cell);
      expect(cell.committed, about).toBeGreaterThan(0);
      expect(cell.broken, about).toEqual([]);
      expect(cell.residuals, about).toEqual({});
      if (count === undefined) expect(cell.counted, about).toMatchObject({ "outcome mismatched": 3 });
      else expect(cell.counted[count], `${about}: ${count}`).toBeGreaterThan(0);
    }
  });
});
