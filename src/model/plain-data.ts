/** What was parsed, and may be anything: whether it is a record, and no list. */
export function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

/** Whether it counts or measures something: from 0 to 2⁵³ - 1, whole or not. */
export function isCount(given: unknown): given is number {
  return typeof given === "number" && given >= 0 && given <= Number.MAX_SAFE_INTEGER;
}
