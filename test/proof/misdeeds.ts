/** What foreign code does wrong, by name; each made for one hook. `again` calls the experiment that the hook belongs to. */
export const misdeeds: Readonly<Record<string, (again: () => unknown, honest: unknown) => () => unknown>> = {
  throws: () => () => {
    throw new Error("misdeed");
  },
  "throws undefined": () => () => {
    throw undefined;
  },
  rejects: () => () => Promise.reject(new Error("misdeed")),
  hangs: () => () => new Promise(() => undefined),
  "returns a revoked proxy": () => () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "returns an evil thenable": () => () => ({
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      reject(new Error("misdeed"));
      resolve(1);
      reject(undefined);
      throw new Error("misdeed");
    },
  }),
  "calls the experiment again": (again, honest) => () => {
    again();
    return honest;
  },
};

/** Where foreign code is called. */
export const places = [
  "gate",
  "key",
  "context",
  "prepare",
  "candidate",
  "compare",
  "clean",
  "knownMismatches",
  "publisher",
  "onFault",
  "clock",
  "random",
] as const;
export type Place = (typeof places)[number];

/** What one cell of the matrix came to. */
export interface Cell {
  readonly place: Place;
  readonly misdeed: string;
  readonly control: "sync" | "async";
  /** How often the foreign code was called: a cell in which it never was would prove nothing. */
  readonly committed: number;
  /** Of the calls made, those whose caller did not get just what control gave or threw. */
  readonly broken: readonly string[];
  readonly residuals: Readonly<Record<string, number>>;
  /** Everything counted, under names such as `fault enabled`, `skip nested`, `outcome mismatched`, `publisher failed`. */
  readonly counted: Readonly<Record<string, number>>;
}
