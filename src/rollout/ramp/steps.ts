import type { OptionCheck } from "../../model/check-options.ts";
import { aBoolean, aFunction, aNumber, required, settle, type OptionTable } from "../../model/option-table.ts";

/** A step of a ramp, with terms of its own. */
export interface RampStep {
  /** The share of keys that the candidate answers, between 0 and 1. */
  readonly share: number;
  /** The least time that the step lasts, in milliseconds; that of the ramp by default. */
  readonly minimumTimeMs?: number;
  /** Whether the ramp is paused when it comes here, until a person resumes it; `false` by default. Evidence is gathered meanwhile. */
  readonly pause?: boolean;
}

/** A first step that serves chosen keys, such as a team or those who asked for a beta. */
export interface KeysStep {
  /**
   * Whether the candidate answers this key: in this step alone these, and in every later one these beside the share. Called with
   * every call of a ramp, so it must be quick; where it throws, the key is not in and a fault is counted.
   */
  readonly keys: (key: string) => boolean;
  /** The least time that the step lasts, in milliseconds; that of the ramp by default. */
  readonly minimumTimeMs?: number;
  /** Whether the ramp is paused when it comes here, until a person resumes it; `false` by default. */
  readonly pause?: boolean;
}

/** The steps, settled: a step of chosen keys has the share 0. */
export interface SettledSteps {
  readonly shares: readonly number[];
  readonly terms: ReadonlyMap<number, { readonly minimumTimeMs?: number; readonly pause?: boolean }>;
  readonly keys: KeysStep["keys"] | undefined;
}

const more = { minimumTimeMs: aNumber(), pause: aBoolean };
const aShareBetween = {
  takes: "a share between 0 and 1, higher than the one before",
  // Checked with its neighbors.
  check: (): void => undefined,
};

export const stepTable: OptionTable<RampStep> = { share: required(aShareBetween), ...more };
export const keysStepTable: OptionTable<KeysStep> = { keys: required(aFunction), ...more };

/**
 * Settles the steps of a ramp.
 *
 * @throws {SidelaneError} `invalid-option` when shares do not rise, or chosen keys come after a share
 */
export function settleSteps(check: OptionCheck, steps: unknown): SettledSteps {
  if (!Array.isArray(steps)) return check.fail("steps", "a list of shares and steps", steps);
  const shares: number[] = [];
  const terms = new Map<number, { minimumTimeMs?: number; pause?: boolean }>();
  let keys: KeysStep["keys"] | undefined;
  (steps as readonly unknown[]).forEach((step, index) => {
    const option = `steps[${index}]`;
    if (typeof step === "object" && step !== null && "keys" in step) {
      if (index > 0) check.fail(option, "a share, since chosen keys come first", step);
      const { keys: chosen, ...own } = settle(check, keysStepTable, step as KeysStep, option);
      keys = chosen;
      shares.push(0);
      terms.set(0, own);
      return;
    }
    const isShare = typeof step === "number" || typeof step !== "object" || step === null;
    const settled: Partial<RampStep> = isShare ? {} : settle(check, stepTable, step as RampStep, option);
    const { share: ownShare, ...own } = settled;
    const share: unknown = isShare ? step : ownShare;
    const before = shares.at(-1) ?? 0;
    if (typeof share !== "number" || !(share > before && share < 1)) {
      const place = isShare ? option : `${option}.share`;
      check.fail(place, `a share between ${before} and 1, since steps rise`, share, "`live` follows by itself");
    }
    shares.push(share);
    terms.set(share, own);
  });
  return { shares, terms, keys };
}

/** Whether a key is one of those that the first step chooses. Never throws. */
export function isChosen(
  chooses: KeysStep["keys"] | undefined,
  key: string,
  onFault: (error: unknown) => void,
): boolean {
  try {
    const answer: unknown = chooses?.(key) ?? false;
    if (typeof answer !== "boolean") throw new TypeError("`keys` of a step must return true or false");
    return answer;
  } catch (error) {
    onFault(error);
    return false;
  }
}
