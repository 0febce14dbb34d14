import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Laboratory, type Fault } from "../../../src/index.ts";
import type { Rollout, RolloutSnapshot } from "../../../src/model/rollout.ts";
import { turn } from "../../proof/held.ts";

type Settle = ((value: unknown) => unknown) | null | undefined;

/** A promise by its class, whose own `then` and whose slots both reject. */
class Refusing extends Promise<unknown> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then(fulfil?: Settle, reject?: Settle): Promise<never> {
    return Promise.reject(new Error("its own")).then(fulfil, reject) as Promise<never>;
  }
}

const makers = {
  "an async function's promise": () => Promise.reject(new Error("own")),
  "a promise with a `then` of its own": () => new Refusing((_, reject) => reject(new Error("slot"))),
  nothing: () => undefined,
  text: () => "ramp",
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};
const snapshot: RolloutSnapshot = { stage: "ramp", share: 0.5, compare: 1, epoch: 1 };

describe("a rollout of one's own", () => {
  const unhandled: unknown[] = [];
  const remember = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => void process.on("unhandledRejection", remember));
  afterEach(() => void process.off("unhandledRejection", remember));

  const rows = Object.keys(makers).flatMap((what) =>
    (["current", "bucket", "record"] as const).map((method) => ({ what, method })),
  );

  it.each(rows)(
    "that returns $what from `$method` is a counted fault at most, and control answers",
    async ({ what, method }) => {
      const make = makers[what as keyof typeof makers];
      const faults: Fault[] = [];
      const lab = new Laboratory({ publishers: [], onFault: (fault) => faults.push(fault) });
      const rollout = {
        current: () => (method === "current" ? make() : snapshot),
        bucket: () => (method === "bucket" ? make() : 2 ** 32 - 1),
        record: () => (method === "record" ? make() : undefined),
      } as unknown as Rollout;
      const call = lab.experiment("x", { control: () => 1, candidate: () => 1, key: () => "key", rollout });
      expect(call()).toBe(1);
      await turn();
      await turn();
      expect(unhandled).toEqual([]);
      const isFine = method === "record" && !what.includes("promise");
      expect(faults.map(({ operation }) => operation)).toEqual(isFine ? [] : ["rollout"]);
      expect(lab.status().experiments["x"]).toMatchObject({ calls: 1, served: 0 });
      await lab.close();
    },
  );
});
