/** A difference tree in jsondiffpatch's documented format. */
export type Delta = Readonly<Record<string, unknown>> | readonly unknown[];

/** What is used of jsondiffpatch. */
export interface DiffModule {
  create(options: {
    objectHash: (value: object, index?: number) => string;
    arrays: { detectMove: boolean };
    textDiff: { minLength: number };
  }): { diff(control: unknown, candidate: unknown): unknown };
}

/** Loads jsondiffpatch, which is wanted only where a mismatch is drawn. */
export const loadJsonDiffPatch = (): PromiseLike<DiffModule> =>
  import("jsondiffpatch") as unknown as PromiseLike<DiffModule>;

/**
 * The difference of two previews; `undefined` where they look the same, or cannot be drawn. Only for what `preview` made:
 * on raw values jsondiffpatch may not end, and misses what JSON does not have.
 */
export async function diffPreviews(
  control: unknown,
  candidate: unknown,
  load: () => PromiseLike<DiffModule>,
): Promise<{ readonly delta: Delta; readonly control: unknown } | undefined> {
  try {
    const differ = (await load()).create({
      objectHash: (value, index) => identityOf(value) ?? `position ${index ?? 0}`,
      // What moved is drawn as gone and come, like in any diff.
      arrays: { detectMove: false },
      textDiff: { minLength: Infinity },
    });
    const large = Math.max(longestArray(control), longestArray(candidate)) > longestAligned;
    const [left, right] = large ? [byPosition(control), byPosition(candidate)] : [control, candidate];
    const delta = differ.diff(left, right) as Delta | undefined;
    return delta === undefined ? undefined : { delta, control: left };
  } catch {
    // Drawing is a comfort: the list of differences is there without it.
    return undefined;
  }
}

// Aligning two arrays takes the product of their lengths: 250 000 cells take some 10 ms, 25 000 000 take seconds.
const longestAligned = 500;

function longestArray(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? value.length : 0;
  return Object.values(value).reduce((longest: number, part) => Math.max(longest, longestArray(part)), own);
}

/** Arrays as objects by position, which are compared in one pass. */
function byPosition(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [
    Array.isArray(value) ? `[${key}]` : key,
    byPosition(part),
  ]);
  return Object.fromEntries(entries) as unknown;
}

/** What most lists know their elements by; `undefined` leaves them to their position. */
function identityOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const key of ["id", "_id", "key", "name"]) {
    const id = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof id === "string" || typeof id === "number") return `${key} ${id}`;
  }
  return undefined;
}
