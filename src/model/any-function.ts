/**
 * Any function at all. The one `any` of the public types: a parameter list of `unknown` would refuse every function
 * that says what it takes.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- a parameter list of unknown refuses functions that say what they take
export type AnyFunction = (this: any, ...args: any) => any;
