export type { Comparison, Difference, DifferenceKind } from "../model/comparison.ts";
export { compare } from "./compare.ts";
export type { CompareLimits } from "./rules/compare-limits.ts";
export { formatPath, parsePath, type PathSegment } from "./rules/paths.ts";
export type { CompareRules, UnorderedRule } from "./rules/rules.ts";
export type { Tolerance } from "./rules/tolerance.ts";
