import { builtinModule } from "../model/runtime.ts";
import type { OptionCheck } from "../model/check-options.ts";

/**
 * Makes stand-ins such as `~5f0c9a1be24d7730`: 64 bits of HMAC-SHA-256 over the value as JSON. Equal values have equal ones;
 * who does not have the key can neither undo nor check them.
 *
 * @see RFC 2104 (HMAC)
 */
export function pseudonymizer(key: unknown, check: OptionCheck): (value: unknown) => string {
  if (typeof key !== "string" || key.length < 16) {
    // The key itself is never repeated in a message.
    check.fail("redact.replace.pseudonym", "a secret of at least 16 characters", undefined);
  }
  const crypto = builtinModule("node:crypto") as Crypto | undefined;
  if (crypto === undefined) {
    check.fail("redact.replace", "a text or a function, since there is no node:crypto here", { pseudonym: "…" });
  }
  return (value) => `~${crypto.createHmac("sha256", key).update(canonical(value)).digest("hex").slice(0, 16)}`;
}

/** What a secret makes of the keys of experiments. */
export interface UnitPseudonyms {
  /** Under which keys have their places in tables of units: alike in all processes that have the secret. */
  readonly secret: string;
  /** 64 bits in hexadecimal that stand for an experiment's key. */
  unitOf(experiment: string, key: string): string;
}

/**
 * Pseudonyms of keys: HMAC-SHA-256 over experiment and key, so that equal keys of two experiments are unlike.
 *
 * @throws {SidelaneError} for a secret of less than 16 characters, and where there is no `node:crypto`
 */
export function unitPseudonyms(key: unknown, check: OptionCheck): UnitPseudonyms {
  if (typeof key !== "string" || key.length < 16) {
    check.fail("pseudonymKey", "a secret of at least 16 characters", undefined);
  }
  const crypto = builtinModule("node:crypto") as Crypto | undefined;
  if (crypto === undefined) {
    check.fail("pseudonymKey", "left out, since there is no node:crypto here", "…");
  }
  const digest = (text: string): string => crypto.createHmac("sha256", key).update(text).digest("hex");
  return {
    secret: digest("units").slice(0, 32),
    unitOf: (experiment, unit) => digest(JSON.stringify([experiment, unit])).slice(0, 16),
  };
}

interface Crypto {
  createHmac(algorithm: string, key: string): { update(text: string): { digest(encoding: "hex"): string } };
}

/** JSON with sorted keys: the order of keys is not data. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part) ?
      Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
    : part,
  );
}
