import type { AnyFunction } from "../model/any-function.ts";
import { checkOptions } from "../model/check-options.ts";
import type { Compare, Options, ValueOf } from "../experiment/define/options.ts";
import type { Laboratory } from "../experiment/laboratory.ts";

/** A method that is called with `this`. */
type MethodOf<This, Method> =
  Method extends (...args: infer Args) => infer Value ? (this: This, ...args: Args) => Value : never;

/** What {@link withCandidate} takes: an experiment's options, and the new code. */
export type WithCandidateOptions<Candidate extends AnyFunction> = Omit<
  Options<Candidate, ValueOf<Candidate>, Parameters<Candidate>>,
  "control" | "prepare"
> & {
  /** The new code, called with the `this` and the arguments of the method. */
  readonly candidate: Candidate;
  /** How the two values are compared: by default as data. */
  readonly compare?: Compare<ValueOf<Candidate>, ValueOf<Candidate>>;
  /** The experiment's name; `Class.method` by default under `experimentalDecorators`, and the method's name otherwise. */
  readonly name?: string;
};

/** Decorates a method, by the standard of 2023 and by TypeScript's `experimentalDecorators`, which Nest uses. */
export interface CandidateDecorator<Candidate extends AnyFunction> {
  <Method extends MethodOf<ThisParameterType<Candidate>, OmitThisParameter<Candidate>>>(
    method: Method,
    context: { readonly kind: "method"; readonly name: string | symbol },
  ): Method;
  (prototype: object, method: string | symbol, descriptor: PropertyDescriptor): void;
}

/**
 * A decorator: the method is control, and `candidate` runs beside it. Defined once for the class, with the `this` of each call. Put it
 * below decorators that say what the method is for, such as Nest's `@Get()`.
 *
 * @throws {SidelaneError} where the class is defined: `invalid-definition` for what is no method, and what
 *   {@link Laboratory.experiment} throws
 * @example
 * class Prices {
 *   \@withCandidate(lab, { candidate(this: Prices, sku: string) { return this.newPrices.find(sku); } })
 *   find(sku: string) { return this.oldPrices.find(sku); }
 * }
 */
export function withCandidate<Candidate extends AnyFunction>(
  laboratory: Laboratory,
  { name, ...definition }: WithCandidateOptions<Candidate>,
): CandidateDecorator<Candidate> {
  const wrap = (control: unknown, named: string): AnyFunction => {
    if (typeof control !== "function")
      checkOptions("withCandidate()", "invalid-definition").fail("method", "a method", control);
    return laboratory.experiment(name ?? named, { ...definition, control } as never);
  };
  const decorate = (first: unknown, second: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (descriptor === undefined) return wrap(first, String((second as { readonly name: string | symbol }).name));
    const { constructor } = first as { readonly constructor: { readonly name: string } };
    // In place: decorators above it find what they set.
    descriptor.value = wrap(descriptor.value, `${constructor.name}.${String(second)}`);
    return undefined;
  };
  return decorate as CandidateDecorator<Candidate>;
}
