const share = Number(process.env["CASES_SHARE"] ?? 1);

/** How many cases a property is tried on: fewer where every change to the code pays for all of them. */
export function cases(count: number): number {
  return Math.ceil(count * share);
}
