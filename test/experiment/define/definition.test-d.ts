import type { ExperimentMaker, ScienceMaker } from "../../../src/experiment/define/definition.ts";

declare const experiment: ExperimentMaker;
declare const science: ScienceMaker;

interface User {
  id: string;
  name: string;
}
declare function oldUser(id: string): Promise<User>;
declare function newUser(id: string): Promise<User>;

const found: (id: string) => Promise<User> = experiment("a", {
  control: (id: string) => oldUser(id),
  candidate: (id) => newUser(id),
});
void found("1");

// An async control takes a synchronous candidate too.
experiment("b", { control: oldUser, candidate: (id) => ({ id, name: id.toUpperCase() }) });

experiment("c", {
  control: (n: number) => n,
  // @ts-expect-error an asynchronous candidate under a synchronous control
  candidate: async (n: number) => n,
});

// @ts-expect-error the candidate takes what control takes
experiment("d", { control: (s: string) => s, candidate: (n: number) => String(n) });

// @ts-expect-error another type needs `compare`
experiment("e", { control: (n: number) => n, candidate: (n: number) => String(n) });

experiment("f", {
  control: (n: number) => n,
  candidate: (n: number) => String(n),
  compare: (control, candidate) => control.toFixed() === candidate.toUpperCase(),
});

// Overloads and generics survive.
declare function over(value: string): string;
declare function over(value: number): number;
const kept = experiment("g", { control: over, candidate: over });
const text: string = kept("x");
const count: number = kept(1);
export const used: unknown[] = [text, count];
const identity = experiment("h", { control: <T>(value: T): T => value, candidate: <T>(value: T): T => value });
const five: number = identity<number>(5);
export const usedFive: number = five;

// `this`
class Shop {
  rate = 2;
  total(this: Shop, n: number): number {
    return n * this.rate;
  }
}
const total = experiment("i", {
  control: Shop.prototype.total,
  candidate(n) {
    return n * this.rate;
  },
  enabled(n) {
    return n > 0 && this.rate > 0;
  },
});
void total.call(new Shop(), 1);
// @ts-expect-error control needs a Shop as `this`
total(1);

// Several candidates.
experiment("j", {
  control: (n: number) => n,
  candidates: { plus: (n) => n + 1, minus: (n: number) => n - 1 },
  knownMismatches: [{ name: "known", when: (a, b) => a > b }],
});
// @ts-expect-error one of several has another type
experiment("k", { control: (n: number) => n, candidates: { plus: (n) => n + 1, text: (n: number) => `${n}` } });

// `prepare`
experiment("l", {
  control: (n: number) => n,
  prepare: (n: number) => [String(n), n] as const,
  candidate: (text: string, n: number) => Number(text) + n,
});
experiment("m", {
  control: (n: number) => n,
  prepare: (n: number) => [String(n)] as const,
  // @ts-expect-error the candidate takes what `prepare` gives
  candidate: (n: boolean) => (n ? 1 : 0),
});

// @ts-expect-error unknown option
experiment("n", { control: (n: number) => n, candidate: (n: number) => n, nonsense: true });
// @ts-expect-error no candidate
experiment("o", { control: (n: number) => n });

const answer: Promise<number> = science("p", { control: async () => 1, candidate: async () => 2 });
void answer;
