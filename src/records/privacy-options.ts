import type { OptionCheck } from "../model/check-options.ts";
import type { Presentation } from "./present.ts";
import { compileRedaction, type RedactOptions } from "./redaction.ts";

/** What every publisher that leaves the process takes. */
export interface PrivacyOptions {
  /**
   * Whether values, messages and contexts leave the process: `hidden` by default, which leaves paths, kinds, types,
   * error names and codes.
   */
  readonly values?: "shown" | "hidden";
  /** What is taken out of values that are shown, beside keys that are usually secret. */
  readonly redact?: RedactOptions;
}

/** Names of {@link PrivacyOptions}, for the check of unknown options. */
export const privacyOptions: readonly string[] = ["values", "redact"];

/** Checks {@link PrivacyOptions} and gets ready to present results by them. */
export function presentationOf(
  { values = "hidden", redact }: PrivacyOptions,
  check: OptionCheck,
  place: string,
): Presentation {
  check.oneOf("values", values, ["shown", "hidden"]);
  return { values, redaction: compileRedaction(redact, place) };
}
