export { present, type Presentation } from "./present.ts";
export type {
  PresentedCandidate,
  PresentedComparison,
  PresentedDifference,
  PresentedError,
  PresentedObservation,
  PresentedOutcome,
  PresentedResult,
} from "./record.ts";
export type { PrivacyOptions } from "./privacy-options.ts";
export { readResults, type ReadResultsOptions, type ResultSource } from "./read-results.ts";
export { compileRedaction, type RedactOptions, type Redaction } from "./redaction.ts";
export type { GroupSummary } from "../stats/groups.ts";
export type { HistogramData } from "../stats/histogram.ts";
export type { TallyData } from "../stats/tally.ts";
