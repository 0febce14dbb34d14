/** Ends a walk: a limit was hit, enough was found, or a user's function threw. Never leaves `compare`. */
export class Stop {
  readonly reason: string;
  readonly failure: { readonly error: unknown } | undefined;

  constructor(reason: string, failure?: { readonly error: unknown }) {
    this.reason = reason;
    this.failure = failure;
  }
}
