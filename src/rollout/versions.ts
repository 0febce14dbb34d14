/** A version of the candidate that a rollout has met. */
export interface KnownVersion {
  readonly version: string;
  /** Why it was rolled back, where no person has cleared that since. */
  readonly latch?: Latch;
}

/** Who rolled a version back, when (wall time in milliseconds), and why. */
export interface Latch {
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  /** That it may not even run beside control. */
  readonly off?: true;
}

/** How many versions are remembered. */
export const mostVersions = 32;

/** Puts a version last, as the newest, with whatever latch it had; of many, the last 32 are remembered. */
export function met(versions: readonly KnownVersion[], version: string): readonly KnownVersion[] {
  const known = versions.find((each) => each.version === version) ?? Object.freeze({ version });
  const others = versions.filter((each) => each.version !== version);
  return Object.freeze([...others.slice(1 - mostVersions), known]);
}

/** The versions with one of them latched, or no longer so where `latch` is `undefined`. */
export function withLatch(
  versions: readonly KnownVersion[],
  version: string,
  latch: Latch | undefined,
): readonly KnownVersion[] {
  const changed = Object.freeze({ version, ...(latch && { latch: Object.freeze(latch) }) });
  return Object.freeze(versions.map((each) => (each.version === version ? changed : each)));
}

export function isKnown(versions: readonly KnownVersion[], version: string): boolean {
  return versions.some((each) => each.version === version);
}

/** Why a version was rolled back or switched off, where no person has cleared that since. */
export function latchOf(versions: readonly KnownVersion[], version: string | undefined): Latch | undefined {
  return versions.find((each) => each.version === version)?.latch;
}
