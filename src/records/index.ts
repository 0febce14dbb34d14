export {
  present,
  type PresentedCandidate,
  type PresentedComparison,
  type PresentedDifference,
  type PresentedError,
  type PresentedObservation,
  type PresentedOutcome,
  type PresentedResult,
  type Presentation,
} from "./present.ts";
export type { PrivacyOptions } from "./privacy-options.ts";
export { readResults, type ReadResultsOptions, type ResultSource } from "./read-results.ts";
export { compileRedaction, type RedactOptions, type Redaction } from "./redaction.ts";
export type { GroupSummary } from "../stats/groups.ts";
export type { HistogramData } from "../stats/histogram.ts";
export type { TallyData } from "../stats/tally.ts";
