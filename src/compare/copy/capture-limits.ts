import { checkOptions } from "../../model/check-options.ts";
import { aWhole, orElse, settle, type OptionTable } from "../../model/option-table.ts";

/** How much of a value is copied. Over one of them, the value itself is kept and compared as it is by then. */
export interface CaptureLimits {
  /** Values of every kind, keys not counted; 10 000 by default. */
  readonly nodes?: number;
  /** Levels of nesting, at most 1 000; 64 by default. */
  readonly depth?: number;
  /** Characters of all strings and bytes of all buffers together; 65 536 by default. */
  readonly length?: number;
}

export const captureTable: OptionTable<CaptureLimits, keyof CaptureLimits> = {
  nodes: orElse(aWhole(), 10_000),
  depth: orElse(aWhole({ max: 1_000 }), 64),
  length: orElse(aWhole(), 65_536),
};

export const defaultCaptureLimits: Required<CaptureLimits> = compileCaptureLimits({}, "capture");

/** Checks limits where something is defined, and fills in the defaults. Throws one `SidelaneError` for what is no limit. */
export function compileCaptureLimits(limits: CaptureLimits | undefined, place: string): Required<CaptureLimits> {
  if (limits === undefined) return defaultCaptureLimits;
  return settle(checkOptions(place, "invalid-definition"), captureTable, limits, "capture");
}
