import { runInNewContext } from "node:vm";

/** What a hook's misdeed can make use of. */
export interface Means {
  /** Calls the experiment that the hook belongs to. */
  again(): unknown;
  /** Calls an experiment of a second copy of the package, whose candidate must not run there. */
  elsewhere(): unknown;
  readonly place: Place;
}

/** As clients with promises of their own make them: what its slots hold is not what its `then` gives. */
class OwnThen extends Promise<unknown> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then(fulfil?: Handler, reject?: Handler): Promise<never> {
    return Promise.reject(new Error("misdeed")).then(fulfil, reject) as Promise<never>;
  }
}
type Handler = ((value: unknown) => unknown) | null | undefined;

const { setImmediate: realSetImmediate } = globalThis;

/** What foreign code does wrong, by name; each made for one hook. */
export const misdeeds: Readonly<Record<string, (means: Means, honest: unknown) => () => unknown>> = {
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
  "returns a promise subclass": () => () => new OwnThen((resolve) => resolve(1)),
  "returns a promise subclass that rejects twice": () => () => new OwnThen((_, reject) => reject(new Error("raw"))),
  "returns a promise of another realm": () => () => runInNewContext("Promise.reject(new Error('misdeed'))") as unknown,
  "calls the experiment again":
    ({ again }, honest) =>
    () => {
      again();
      return honest;
    },
  "calls a second copy of the package":
    ({ elsewhere }, honest) =>
    () => {
      elsewhere();
      return honest;
    },
  "fakes the timers": (_, honest) => () => {
    const never = (): object => ({ unref: () => undefined });
    const none = (): void => undefined;
    Object.assign(globalThis, { setTimeout: never, setImmediate: never, setInterval: never, clearTimeout: none });
    Object.defineProperty(globalThis, "performance", { value: { now: () => 0 }, configurable: true });
    return honest;
  },
  "freezes the event loop": ({ place }, honest) => {
    let times = 0;
    return () => {
      times += 1;
      // A clock is read again and again.
      const until = times > 3 ? 0 : Date.now() + 30;
      while (Date.now() < until);
      // What has answered by then has answered in time.
      return place === "candidate" ? new Promise((resolve) => realSetImmediate(() => resolve(honest))) : honest;
    };
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

/** Whether the cell has a meaning: a candidate that answers and calls its own experiment would recurse for ever by itself. */
export function isCell(place: Place, misdeed: string, served: boolean): boolean {
  return !(served && place === "candidate" && misdeed === "calls the experiment again");
}

/** What one cell of the matrix came to. */
export interface Cell {
  readonly place: Place;
  readonly misdeed: string;
  readonly control: "sync" | "async";
  /** Whether the candidate is to answer. */
  readonly served: boolean;
  /** How often the foreign code was called: a cell in which it never was would prove nothing. */
  readonly committed: number;
  /** Of the calls made, those whose caller did not get just what control gave or threw, or the candidate where that is to answer. */
  readonly broken: readonly string[];
  readonly residuals: Readonly<Record<string, number>>;
  /** Everything counted, under names such as `fault enabled`, `skip nested`, `outcome mismatched`, `publisher failed`. */
  readonly counted: Readonly<Record<string, number>>;
}
