export {
  experiments,
  type ExperimentsSides,
  type MethodName,
  type MethodOptions,
  type PerMethod,
} from "./experiments.ts";
export { withCandidate, type CandidateDecorator, type WithCandidateOptions } from "./with-candidate.ts";
