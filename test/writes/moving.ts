import { expect } from "vitest";
import type { WishedStage } from "../../src/writes/index.ts";
import { bank, type Bank, type Options } from "./bank.ts";
import type { Payment } from "./ledger.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A bank whose stage a test wishes. */
export interface Moving extends Bank {
  readonly wish: (stage: WishedStage["stage"], share?: number) => void;
  /** Works until this holds. */
  readonly workUntil: (holds: () => boolean | Promise<boolean>) => Promise<void>;
  /** Why buckets stay, as it was told last. */
  readonly held: () => string | undefined;
}

export function moving(
  kind: "memory" | "sqlite",
  options: Partial<Options> & {
    onCandidate?: (op: Payment) => void;
    onControl?: (op: Payment) => void;
    copies?: boolean;
  } = {},
): Moving {
  let wished: WishedStage = { stage: "shadow", share: 0 };
  const made = bank(kind, { rollout: { current: () => wished }, ...options });
  return {
    ...made,
    wish: (stage, share = 1) => {
      wished = { stage, share };
    },
    async workUntil(holds) {
      const stop = new AbortController();
      const working = made.payments.work({ signal: stop.signal });
      for (let waited = 0; waited < 600 && !(await holds()); waited++) await pause(10);
      stop.abort();
      await working;
      expect(await holds()).toBe(true);
    },
    held: () => made.events.findLast(({ kind: each }) => each === "held")?.reason,
  };
}

export const holding = async ({ payments }: Bank): Promise<Readonly<Record<string, number>>> =>
  (await payments.status()).buckets;
