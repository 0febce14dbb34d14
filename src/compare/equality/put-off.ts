import type { PathSegment } from "../rules/paths.ts";
import type { Place } from "./walker.ts";

// With the levels below it the call stack of any runtime holds as many, also in a process that has just started.
export const mostLevels = 200;

/** The path of a pair that was put off, without that of the one above it. */
export interface Base {
  readonly above: Base | undefined;
  readonly path: readonly PathSegment[];
}

/** A pair that lies too deep for the call stack, put off until that is empty again. */
export interface Later {
  readonly control: object;
  readonly candidate: object;
  readonly place: Place;
  readonly depth: number;
  readonly base: Base;
  readonly errorData: number;
}

/** The path of what lies below a pair that was put off. */
export function wholePath(below: Base | undefined, path: readonly PathSegment[]): readonly PathSegment[] {
  if (below === undefined) return path;
  const parts: (readonly PathSegment[])[] = [path];
  for (let base: Base | undefined = below; base !== undefined; base = base.above) parts.push(base.path);
  return parts.reverse().flat();
}
