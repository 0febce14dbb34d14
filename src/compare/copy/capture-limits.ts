import { checkOptions, type OptionCheck } from "../../model/check-options.ts";

/** How much of a value is copied. Over one of them, the value itself is kept and compared as it is by then. */
export interface CaptureLimits {
  /** Values of every kind, keys not counted; 10 000 by default. */
  readonly nodes?: number;
  /** Levels of nesting, at most 1 000; 64 by default. */
  readonly depth?: number;
  /** Characters of all strings and bytes of all buffers together; 65 536 by default. */
  readonly length?: number;
}

export const defaultCaptureLimits: Required<CaptureLimits> = { nodes: 10_000, depth: 64, length: 65_536 };

/** Checks limits where something is defined, and fills in the defaults. Throws one `SidelaneError` for what is no limit. */
export function compileCaptureLimits(limits: CaptureLimits | undefined, place: string): Required<CaptureLimits> {
  if (limits === undefined) return defaultCaptureLimits;
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  check.object("capture", limits);
  check.known(limits, Object.keys(defaultCaptureLimits), "capture.");
  for (const [name, limit] of Object.entries(limits)) {
    const max = name === "depth" ? 1_000 : Infinity;
    check.number(`capture.${name}`, limit, { min: 0, max, integer: true });
  }
  return { ...defaultCaptureLimits, ...limits };
}
