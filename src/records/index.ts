export { present, type Presentation } from "./present.ts";
export type {
  EventRecord,
  FaultRecord,
  LineRecord,
  PresentedCandidate,
  PresentedComparison,
  PresentedDifference,
  PresentedError,
  PresentedObservation,
  PresentedOutcome,
  PresentedResult,
} from "./record.ts";
export type { PrivacyOptions } from "./privacy-options.ts";
export { readRecords, type ReadRecordsOptions } from "./read-records.ts";
export type { SkippedLine } from "./parse-line.ts";
export { readResults, type ReadResultsOptions } from "./read-results.ts";
export type { ResultSource } from "./read-lines.ts";
export type { StartRecord } from "../model/start-record.ts";
export type { TallyRecord } from "../model/tally-record.ts";
export type { WritesStanding } from "../model/writes-standing.ts";
export { compileRedaction, type RedactOptions, type Redaction } from "./redaction.ts";
export type { GroupSummary } from "../stats/groups.ts";
export type { HistogramData } from "../stats/histogram.ts";
export type { TallyData } from "../stats/tally.ts";
