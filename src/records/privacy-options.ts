import { compiled, listOf, oneOf, orElse, type OptionRule, type OptionTable } from "../model/option-table.ts";
import { resultKinds } from "../model/result.ts";
import type { Presentation } from "./present.ts";
import { compileRedaction, type RedactOptions } from "./redaction.ts";

/** What every publisher that leaves the process takes. */
export interface PrivacyOptions {
  /**
   * Whether values, messages and contexts leave the process: `hidden` by default, which leaves paths, kinds, types,
   * error names and codes.
   */
  readonly values?: "shown" | "hidden";
  /** What is taken out of values that are shown, beside keys whose names say that they are secret. */
  readonly redact?: RedactOptions;
}

/** {@link PrivacyOptions}, for the tables of publishers. */
export const privacyTable: OptionTable<PrivacyOptions, "values"> = {
  values: orElse(oneOf("shown", "hidden"), "hidden"),
  redact: compiled("an object: `keys`, `paths`, `replace`"),
};

/** Kinds of results, for the tables of publishers. */
export const kindsRule: OptionRule = listOf('an array such as ["mismatch"]', oneOf(...resultKinds));

/** Gets ready to present results by {@link PrivacyOptions} that have been checked. */
export function presentationOf({ values = "hidden", redact }: PrivacyOptions, place: string): Presentation {
  return { values, redaction: compileRedaction(redact, place) };
}
