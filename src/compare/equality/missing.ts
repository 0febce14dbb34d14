/** A side's part, where there may be none. */
export const missing: unique symbol = Symbol("missing");
