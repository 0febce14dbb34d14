// What does a call cost in all, when every result is told? Run with `npm run bench`.
import equal from "fast-deep-equal";
import { experiment as tzientist, experimentAsync as tzientistAsync } from "tzientist";
import { compare } from "../src/compare/index.ts";
import { Laboratory } from "../src/index.ts";
import { tellingAsync, tellingSync } from "./minimum.ts";
import { rounds, type Contender, type Timing } from "./rounds.ts";

interface User {
  readonly id: number;
  readonly name: string;
}

const control = (id: number): User => ({ id, name: "Ada" });
const candidate = (id: number): User => ({ id, name: "Ada" });
const other = (id: number): User => ({ id, name: "Bob" });
const promised =
  <Value>(make: (id: number) => Value) =>
  async (id: number): Promise<Value> =>
    make(id);

const callsATurn = 50;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let told = 0;
const tell = (): void => {
  told += 1;
};

interface Told extends Contender {
  /** How many results one call tells. */
  readonly tells: 0 | 1;
}

/** Calls 50 times a turn, and ends when all that was compared has been told. */
function contender(name: string, call: (id: number) => unknown, tells: 0 | 1 = 1): Told {
  return {
    name,
    tells,
    async run(times) {
      const before = told;
      let pending: unknown[] = [];
      for (let id = 0; id < times; id++) {
        pending.push(call(id));
        if (pending.length < callsATurn) continue;
        await Promise.all(pending);
        pending = [];
        await nextTurn();
      }
      while (told < before + times * tells) await nextTurn();
    },
  };
}

// The peer has no comparison of its own: it gets ours, so that what differs is the rest.
const publish = (results: { controlResult?: unknown; candidateResult?: unknown }): void => {
  compare(results.controlResult, results.candidateResult);
  tell();
};

const laboratory = (): Laboratory => new Laboratory({ publishers: [tell] });
const calls = 2_000;

export function toldSync(count: number): Promise<Timing[]> {
  return rounds(
    [
      contender("direct call", control, 0),
      contender("hand-written minimum", tellingSync(control, candidate, tell)),
      contender("sidelane", laboratory().experiment("told", { control, candidate })),
      contender("tzientist", tzientist({ name: "t", control, candidate, options: { publish } })),
    ],
    calls,
    count,
    "processor",
  );
}

export function toldAsync(count: number): Promise<Timing[]> {
  const sides = { control: promised(control), candidate: promised(candidate) };
  return rounds(
    [
      contender("direct call", sides.control, 0),
      contender("hand-written minimum", tellingAsync(sides.control, sides.candidate, tell)),
      contender("sidelane", laboratory().experiment("told", sides)),
      contender("tzientist", tzientistAsync({ name: "t", ...sides, options: { publish, inParallel: true } })),
    ],
    calls,
    count,
    "processor",
  );
}

/** A mismatch with its difference, beside what it is made of. */
export function toldMismatch(count: number): Promise<Timing[]> {
  return rounds(
    [
      contender("`compare()` of the two values", (id) => compare(control(id), other(id)), 0),
      contender("sidelane, a match", laboratory().experiment("told", { control, candidate })),
      contender("sidelane, a mismatch", laboratory().experiment("told", { control, candidate: other })),
    ],
    calls,
    count,
    "processor",
  );
}

/** About 64 KB of JSON, as a list of rows; the last one may differ. */
function documentOf(last: string): object {
  const rows = Array.from({ length: 640 }, (_, id) => ({
    id,
    name: `user ${id}`,
    tags: ["a", "b"],
    address: { city: "Berlin" },
  }));
  return { rows: [...rows, { id: 640, name: last, tags: [], address: { city: "Rome" } }] };
}

/** Equal, and with one late difference. */
export function toldDocuments(count: number): Promise<Timing[]> {
  const [one, same, differs] = [documentOf("Ada"), documentOf("Ada"), documentOf("Bob")];
  const work = (right: object): number =>
    JSON.stringify(one).length + (equal(one, right) ? 0 : JSON.stringify(right).length);
  return rounds(
    [
      contender("fast-deep-equal and JSON.stringify, equal", () => work(same), 0),
      contender("sidelane, equal", laboratory().experiment("told", { control: () => one, candidate: () => same })),
      contender("fast-deep-equal and JSON.stringify, one late difference", () => work(differs), 0),
      contender(
        "sidelane, one late difference",
        laboratory().experiment("told", { control: () => one, candidate: () => differs }),
      ),
    ],
    callsATurn,
    count,
    "processor",
  );
}
