export { CandidateEvidence, type EvidenceOptions, type EvidenceTotals } from "./candidate-evidence.ts";
export {
  alternativesFor,
  evidenceForReady,
  GateEvidence,
  unitsToCertify,
  upperBound,
  type Alternatives,
} from "./evidence.ts";
export {
  candidateError,
  defaultGates,
  gate,
  mismatch,
  slowerThan,
  type Gate,
  type GateDefinition,
  type SlowerThanOptions,
} from "./gates.ts";
export { LatencyHistogram, type HistogramData } from "./histogram.ts";
export { Tally, type TallyData } from "./tally.ts";
export { UnitFilter } from "./units.ts";
export { verdictOf, type GateReading, type Verdict, type VerdictInput, type VerdictTerms } from "./verdict.ts";
