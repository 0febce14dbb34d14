export type { Comparison, Difference, DifferenceKind } from "../model/comparison.ts";
export { compare } from "./compare.ts";
export type { CompareLimits } from "./limits.ts";
export { formatPath, parsePath, type PathSegment } from "./paths.ts";
export type { CompareRules, UnorderedRule } from "./rules.ts";
export type { Tolerance } from "./tolerance.ts";
