// What does a call cost whose outcomes are reported, beside one of an experiment that calls both sides itself?
import { Laboratory } from "../src/index.ts";
import { rounds, type Timing } from "./rounds.ts";

interface User {
  readonly id: number;
  readonly name: string;
}

const control = (id: number): User => ({ id, name: "Ada" });
const candidate = (id: number): User => ({ id, name: "Ada" });

const lab = new Laboratory();
const wrapped = lab.experiment("wrapped", { control, candidate, context: {} });
const calls = lab.comparison<User>("reported", { context: {} });

/** Begins a call, makes both outcomes, and reports them, as a proxy or a consumer does that has measured them itself. */
function report(id: number): User {
  const call = calls.begin();
  const old = control(id);
  call.control({ kind: "returned", value: old }, 1);
  call.candidate({ kind: "returned", value: candidate(id) }, 1);
  return old;
}

/** Each has a loop of its own: through a shared one, calls that differ would be measured as calls, not as work. */
export function reported(count: number): Promise<Timing[]> {
  return rounds(
    [
      {
        name: "direct call",
        run(times) {
          let sum = 0;
          for (let id = 0; id < times; id++) sum += control(id).id;
          return sum;
        },
      },
      {
        name: "`experiment`, with `context: {}`",
        run(times) {
          let sum = 0;
          for (let id = 0; id < times; id++) sum += wrapped(id).id;
          return sum;
        },
      },
      {
        name: "`comparison`: begin, and both outcomes",
        run(times) {
          let sum = 0;
          for (let id = 0; id < times; id++) sum += report(id).id;
          return sum;
        },
      },
    ],
    20_000,
    count,
  );
}
