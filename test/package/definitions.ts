/** A definition as a user writes it, and what a compiler must say of it. */
export interface DefinitionRow {
  readonly about: string;
  readonly code: string;
  /** Text in the compiler's message; absent for a definition that compiles. */
  readonly says?: string;
  /** The source text at which the message must point. */
  readonly at?: string;
}

/** What stands before the definitions. */
export const prelude = `
import { experiment, Laboratory, science, type Definition, type Result } from "sidelane";
import { ramp, gates } from "sidelane/rollout";
interface User { readonly id: string; readonly name: string }
class Money { readonly #cents: number; constructor(cents: number) { this.#cents = cents } get cents(): number { return this.#cents } }
class Shop { rate = 2; total(this: Shop, n: number): number { return n * this.rate } }
declare const oldUser: (id: string) => Promise<User>;
declare const newUser: (id: string) => Promise<User>;
declare function over(value: string): string;
declare function over(value: number): number;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(_: Same<A, B>): void => undefined;
void [experiment, Laboratory, science, ramp, gates, Money, Shop, is];
`;

const control = "control: (n: number) => n";

export const rows: readonly DefinitionRow[] = [
  // Right.
  {
    about: "a candidate whose parameters have no types",
    code: `experiment("a", { ${control}, candidate: (n) => n + 1 });`,
  },
  {
    about: "an optional parameter",
    code: `experiment("a", { control: (a: string, b?: number) => a + String(b), candidate: (a, b) => a + String(b) });`,
  },
  {
    about: "a default parameter",
    code: `experiment("a", { control: (a: string, b = 2) => a.repeat(b), candidate: (a, b = 2) => a.repeat(b) });`,
  },
  {
    about: "a rest parameter",
    code: `experiment("a", { control: (a: string, ...more: number[]) => a + String(more.length), candidate: (a, ...more) => a + String(more.length) });`,
  },
  {
    about: "an optional parameter, of a function made elsewhere",
    code: `const later = (a: string, b?: number) => a + String(b); experiment("a", { control: later, candidate: later });`,
  },
  { about: "a candidate that takes fewer parameters", code: `experiment("a", { ${control}, candidate: () => 1 });` },
  { about: "an asynchronous control", code: `experiment("a", { control: oldUser, candidate: (id) => newUser(id) });` },
  {
    about: "a synchronous candidate of an asynchronous control",
    code: `experiment("a", { control: oldUser, candidate: (id) => ({ id, name: id.trim() }) });`,
  },
  {
    about: "a control made asynchronous for an asynchronous candidate",
    code: `experiment("a", { control: async (n: number) => n, candidate: async (n) => n });`,
  },
  {
    about: "literals of control's own type, said to be so",
    code: `experiment("a", { control: (n: number): "a" | "b" => (n > 0 ? "a" : "b"), candidate: (n): "a" | "b" => (n < 0 ? "b" : "a") });`,
  },
  {
    about: "a candidate that never returns",
    code: `experiment("a", { ${control}, candidate: () => { throw new Error("late") } });`,
  },
  {
    about: "another type, with `compare`",
    code: `experiment("a", { ${control}, candidate: (n) => String(n), compare: (ours, theirs) => ours.toFixed() === theirs.trim() });`,
  },
  {
    about: "another type, with rules",
    code: `experiment("a", { ${control}, candidate: (n) => ({ n }), compare: { normalize: (value) => value } });`,
  },
  {
    about: "several candidates",
    code: `experiment("a", { ${control}, candidates: { plus: (n) => n + 1, minus: (n: number) => n - 1, none: () => { throw new Error("none") } } });`,
  },
  {
    about: "several candidates of other types, with `compare`",
    code: `experiment("a", { ${control}, candidates: { text: (n) => String(n), list: (n) => [n] }, compare: (ours, theirs) => { is<typeof theirs, string | number[]>(true); return ours > 0 } });`,
  },
  {
    about: "what `prepare` returns",
    code: `experiment("a", { ${control}, prepare: (n) => [String(n), n], candidate: (text, n) => { is<typeof text, string>(true); return text.length + n } });`,
  },
  {
    about: "a type parameter",
    code: `const same = experiment("a", { control: <T>(value: T): T => value, candidate: <T>(value: T): T => value }); is<ReturnType<typeof same<5>>, 5>(true);`,
  },
  {
    about: "overloads",
    code: `const kept = experiment("a", { control: over, candidate: over }); const text: string = kept("x"); void text;`,
  },
  {
    about: "`this`",
    code: `experiment("a", { control: Shop.prototype.total, candidate(n) { return n * this.rate }, enabled(n) { return n > this.rate } });`,
  },
  {
    about: "`afterRun`, with the values of both sides",
    code: `experiment("a", { control: oldUser, candidate: (id) => newUser(id), afterRun: (result) => { is<typeof result, Result<User>>(true) } });`,
  },
  {
    about: "`afterRun`, with a candidate's own type",
    code: `experiment("a", { ${control}, candidate: (n) => String(n), compare: () => true, afterRun: (result) => { is<typeof result, Result<number, string>>(true) } });`,
  },
  {
    about: "`afterRun`, with what `clean` returns",
    code: `experiment("a", { control: oldUser, candidate: newUser, clean: (user) => user.id, afterRun: (result) => { is<typeof result, Result<string>>(true) } });`,
  },
  {
    about: "`compare.errors`",
    code: `experiment("a", { ${control}, candidate: (n) => n, compare: { errors: (ours, theirs) => String(ours) === String(theirs) } });`,
  },
  {
    about: "`compare.errors`, with types of its own",
    code: `experiment("a", { ${control}, candidate: (n) => n, compare: { errors: (ours: Error, theirs: Error) => ours.message === theirs.message } });`,
  },
  {
    about: "`compare.at`",
    code: `experiment("a", { ${control}, candidate: (n) => n, compare: { at: { "$.at": (at) => String(at), "$.price": (price: number) => Math.round(price) } } });`,
  },
  {
    about: "`compare.classes` and `compare.unordered`",
    code: `experiment("a", { ${control}, candidate: (n) => n, compare: { classes: [[Money, (money: Money) => money.cents]], unordered: [{ path: "$.lines", by: (line: User) => line.id }] } });`,
  },
  {
    about: "a known mismatch",
    code: `experiment("a", { ${control}, candidate: (n) => n, knownMismatches: [{ name: "rounding", when: (ours, theirs) => ours - theirs < 1 }] });`,
  },
  {
    about: "a rollout and a key",
    code: `experiment("a", { ${control}, candidate: (n) => n, key: (n) => n, rollout: ramp({ gates: [gates.mismatches(0.001)] }) });`,
  },
  {
    about: "`science`",
    code: `const answer = science("a", { control: async () => 1, candidate: async () => 2 }); is<typeof answer, Promise<number>>(true);`,
  },
  {
    about: "a definition declared beforehand",
    code: `const definition: Definition<typeof oldUser> = { control: oldUser, candidate: newUser }; experiment("a", definition);`,
  },
  {
    about: "a laboratory's own `experiment`",
    code: `new Laboratory().experiment("a", { ${control}, candidate: (n) => n, limits: { timeoutMs: 5 } })(1).toFixed();`,
  },

  // Wrong.
  {
    about: "a mistyped option",
    code: `experiment("a", { ${control}, candidate: (n) => n, smaple: 0.5 });`,
    says: "'smaple' does not exist in type",
    at: "smaple",
  },
  {
    about: "a mistyped option, with what is meant",
    code: `experiment("a", { ${control}, candidate: (n) => n, contxt: {} });`,
    says: "Did you mean to write 'context'?",
    at: "contxt",
  },
  {
    about: "`compare` mistyped",
    code: `experiment("a", { ${control}, candidate: (n) => n, comapre: { ignore: [] } });`,
    says: "Did you mean to write 'compare'?",
    at: "comapre",
  },
  {
    about: "a mistyped rule of `compare`",
    code: `experiment("a", { ${control}, candidate: (n) => n, compare: { ignored: ["$.at"] } });`,
    says: "Did you mean to write 'ignore'?",
    at: "ignored",
  },
  {
    about: "a mistyped limit",
    code: `experiment("a", { ${control}, candidate: (n) => n, limits: { timeoutMS: 5 } });`,
    says: "Did you mean to write 'timeoutMs'?",
    at: "timeoutMS",
  },
  {
    about: "a mistyped option of `science`",
    code: `science("a", { control: () => 1, candidate: () => 2, contxt: {} });`,
    says: "Did you mean to write 'context'?",
    at: "contxt",
  },
  {
    about: "a mistyped option of a laboratory",
    code: `new Laboratory({ publisher: [] });`,
    says: "Did you mean to write 'publishers'?",
    at: "publisher",
  },
  {
    about: "an option of a wrong type",
    code: `experiment("a", { ${control}, candidate: (n) => n, sample: "0.5" });`,
    says: "Type 'string' is not assignable to type 'number'",
    at: "sample",
  },
  {
    about: "an order that is none",
    code: `experiment("a", { ${control}, candidate: (n) => n, order: "candidate-first" });`,
    says: `Type '"candidate-first"' is not assignable to type '"`,
    at: "order",
  },
  {
    about: "a candidate that takes another type",
    code: `experiment("a", { control: (s: string) => s, candidate: (n: number) => String(n) });`,
    says: "Type '(n: number) => string' is not assignable to type 'CandidateFunction<",
    at: "candidate",
  },
  {
    about: "a candidate that asks for more parameters",
    code: `experiment("a", { ${control}, candidate: (n: number, m: number) => n + m });`,
    says: "Target signature provides too few arguments. Expected 2 or more, but got 1.",
    at: "candidate",
  },
  {
    about: "a candidate that does not take what `prepare` returns",
    code: `experiment("a", { ${control}, prepare: (n: number) => [String(n)], candidate: (n: boolean) => Number(n) });`,
    says: "Type '(n: boolean) => number' is not assignable to type 'CandidateFunction<",
    at: "candidate",
  },
  {
    about: "another type without `compare`",
    code: `experiment("a", { ${control}, candidate: (n) => String(n) });`,
    says: "Property 'compare' is missing in type",
    at: "{",
  },
  {
    about: "another type without `compare`, among several",
    code: `experiment("a", { ${control}, candidates: { plus: (n) => n + 1, text: (n) => String(n) } });`,
    says: "but required in type 'AnotherTypeNeedsCompare<",
    at: "{",
  },
  {
    about: "an asynchronous candidate under a synchronous control",
    code: `experiment("a", { ${control}, candidate: async (n: number) => n });`,
    says: "Type '(n: number) => Promise<number>' is not assignable to type 'CandidateFunction<",
    at: "candidate",
  },
  {
    about: "an asynchronous candidate under a synchronous control, among several",
    code: `experiment("a", { ${control}, candidates: { later: async (n: number) => n } });`,
    says: "Type '(n: number) => Promise<number>' is not assignable to type 'CandidateFunction<",
    at: "later",
  },
  {
    about: "no candidate",
    code: `experiment("a", { ${control} });`,
    says: "Property 'candidate",
    at: "{",
  },
  {
    about: "a candidate and candidates",
    code: `experiment("a", { ${control}, candidate: (n) => n, candidates: { b: (n) => n } });`,
    says: "Types of property 'candidates' are incompatible.",
    at: "{",
  },
  {
    about: "no control",
    code: `experiment("a", { candidate: (n: number) => n });`,
    says: "Property 'control' is missing in type",
    at: "{",
  },
  {
    about: "a control that is no function",
    code: `experiment("a", { control: 5, candidate: () => 5 });`,
    says: "Type 'number' is not assignable to type 'AnyFunction'",
    at: "control",
  },
  {
    about: "a method that is called without its object",
    code: `experiment("a", { control: Shop.prototype.total, candidate: (n) => n })(1);`,
    says: "The 'this' context of type 'void' is not assignable to method's 'this' of type 'Shop'.",
    at: "experiment",
  },
  {
    about: "the old name of an option",
    code: `experiment("a", { ${control}, candidate: (n) => n, execution: "deferred" });`,
    says: "'execution' does not exist in type",
    at: "execution",
  },
];

/** How a matcher of ours is declared for each runner, as its docstring says. */
export const matchers: Readonly<Record<string, string>> = {
  vitest: `
import { expect } from "vitest";
import { toMatchControl, type ControlMatchers } from "sidelane/testing";
declare module "vitest" { interface Matchers<T = any> extends ControlMatchers {} }
expect.extend({ toMatchControl });
expect({ price: 1 }).toMatchControl({ price: 1 }, { ignore: ["**.at"] });
expect({ price: 1 }).not.toMatchControl({ price: 2 });
// @ts-expect-error an unknown rule
expect(1).toMatchControl(1, { ignored: [] });
`,
  "jest-globals": `
import { expect } from "@jest/globals";
import { toMatchControl, type ControlMatchers } from "sidelane/testing";
declare module "expect" { interface Matchers<R extends void | Promise<void>, T> extends ControlMatchers<R> {} }
expect.extend({ toMatchControl });
expect({ price: 1 }).toMatchControl({ price: 1 }, { ignore: ["**.at"] });
expect({ price: 1 }).not.toMatchControl({ price: 2 });
// @ts-expect-error an unknown rule
expect(1).toMatchControl(1, { ignored: [] });
`,
  "types-jest": `
import { toMatchControl, type ControlMatchers } from "sidelane/testing";
declare global { namespace jest { interface Matchers<R, T> extends ControlMatchers<R> {} } }
expect.extend({ toMatchControl });
expect({ price: 1 }).toMatchControl({ price: 1 }, { ignore: ["**.at"] });
expect({ price: 1 }).not.toMatchControl({ price: 2 });
// @ts-expect-error an unknown rule
expect(1).toMatchControl(1, { ignored: [] });
`,
};
