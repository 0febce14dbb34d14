import type { OptionCheck } from "../../model/check-options.ts";
import type { OptionRule } from "../../model/option-table.ts";

/** A `RecordStore`. */
export const aRecordStore: OptionRule = {
  takes: "an object with `scan`",
  check: (check: OptionCheck, option: string, got: unknown): void => {
    check.object(option, got);
    check.function(`${option}.scan`, got["scan"]);
    if (got["digests"] !== undefined) check.function(`${option}.digests`, got["digests"]);
  },
};
