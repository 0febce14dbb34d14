import type { AnyFunction } from "../../model/any-function.ts";
import type { CandidateFunction, Compare, Options, Uncleaned, ValueOf } from "./options.ts";

/** What a candidate of control's own type may return: a promise only where control returns one. */
export type Alike<Control extends AnyFunction> =
  ReturnType<Control> extends PromiseLike<infer Value> ? Value | PromiseLike<Value> : ReturnType<Control>;

/** What a candidate of another type may return: anything, but no promise where control returns none. */
export type Unlike<Control extends AnyFunction> =
  ReturnType<Control> extends PromiseLike<unknown> ? unknown : Primitive | (object & Synchronous);

/** What is no promise. Where a candidate must be asynchronous, make control asynchronous too: `async (id) => old(id)`. */
interface Synchronous {
  readonly then?: never;
}
type Primitive = string | number | bigint | boolean | symbol | null | undefined;
type Allowed<Control extends AnyFunction> = Alike<Control> | Unlike<Control>;
type NamedAnswers<Control extends AnyFunction> = Readonly<Record<string, Allowed<Control>>>;

/** Candidates by name, and what each returns. */
type NamedCandidates<Control extends AnyFunction, Prepared extends readonly unknown[], Answers> = {
  readonly [Name in keyof Answers]: CandidateFunction<Control, Prepared, Answers[Name] | Alike<Control>>;
};

/** An experiment whose candidates return what control returns. */
export type Definition<
  Control extends AnyFunction,
  Prepared extends readonly unknown[] = Parameters<Control>,
> = Options<Control, ValueOf<Control>, Prepared> & {
  readonly compare?: Compare<ValueOf<Control>, ValueOf<Control>>;
} & (
    | { readonly candidate: CandidateFunction<Control, Prepared, Alike<Control>>; readonly candidates?: never }
    | {
        readonly candidates: Readonly<Record<string, CandidateFunction<Control, Prepared, Alike<Control>>>>;
        readonly candidate?: never;
      }
  );

/** What candidates come to, once awaited. */
type CandidateValueOf<Answer, Answers> = NoInfer<Awaited<Answer> | Awaited<Answers[keyof Answers]>>;

/**
 * A definition as `experiment` takes it. `Answer` is what `candidate` returns, `Answers` what each of `candidates` does.
 * One interface, not an overload for each case: a compiler then names the property that is wrong.
 */
interface InferredDefinition<
  Control extends AnyFunction,
  Prepared extends readonly unknown[],
  Answer,
  Answers,
  Cleaned,
> extends Options<Control, CandidateValueOf<Answer, Answers>, Prepared, Cleaned> {
  /** The new code. */
  readonly candidate?: CandidateFunction<Control, Prepared, Answer | Alike<Control>>;
  /** Several versions of the new code, by name. */
  readonly candidates?: NamedCandidates<Control, Prepared, Answers>;
  /** How the two values are compared: by default as data; required where a candidate returns another type than control. */
  readonly compare?: Compare<ValueOf<Control>, CandidateValueOf<Answer, Answers>>;
}

interface OneCandidate {
  readonly candidate: object;
  readonly candidates?: never;
}
interface CandidatesOrCandidate {
  readonly candidates: object;
  readonly candidate?: never;
}

/** A candidate returns another type than control: asks for `compare`. */
type AnotherTypeNeedsCompare<Control extends AnyFunction, Answer, Answers> = {
  readonly [Property in Differing<Control, Answer, Answers>]: object;
};

/**
 * A list of candidates is looked at twice by a compiler, at first without those whose parameters have no types. They count
 * as returning anything then, which must not ask for `compare`.
 */
type Differing<Control extends AnyFunction, Answer, Answers> =
  [Answer] extends [Alike<Control>] ?
    [Answers[keyof Answers]] extends [Alike<Control>] ? never
    : [Allowed<Control>] extends [Answers[keyof Answers]] ? never
    : "compare"
  : "compare";

/** All that a definition must be. */
type Defined<
  Control extends AnyFunction,
  Prepared extends readonly unknown[],
  Answer,
  Answers,
  Cleaned,
> = InferredDefinition<Control, Prepared, Answer, Answers, Cleaned> &
  (CandidatesOrCandidate | OneCandidate) &
  AnotherTypeNeedsCompare<Control, NoInfer<Answer>, NoInfer<Answers>>;

/** Wraps a control: returns control's own type. (`| []` has what `prepare` returns inferred as a tuple.) */
export interface ExperimentMaker {
  <
    Control extends AnyFunction,
    Prepared extends readonly unknown[] | [] = Parameters<Control>,
    Answer extends Allowed<Control> = never,
    Answers extends NamedAnswers<Control> = Readonly<Record<string, never>>,
    Cleaned = Uncleaned,
  >(
    name: string,
    definition: Defined<Control, Prepared, Answer, Answers, Cleaned>,
  ): Control;
}

/** Runs an experiment once, at once: returns what control returns. */
export interface ScienceMaker {
  <
    Control extends () => unknown,
    Answer extends Allowed<Control> = never,
    Answers extends NamedAnswers<Control> = Readonly<Record<string, never>>,
    Cleaned = Uncleaned,
  >(
    name: string,
    definition: Defined<Control, [], Answer, Answers, Cleaned>,
  ): ReturnType<Control>;
}
