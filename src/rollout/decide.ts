import type { Decision, RolloutSnapshot } from "../model/rollout.ts";
import { admits } from "./bucket.ts";

// Shared, so that deciding allocates nothing.
const controlAlone: Decision = Object.freeze({ serve: "control", compare: false });
const controlCompared: Decision = Object.freeze({ serve: "control", compare: true });
const candidateAlone: Decision = Object.freeze({ serve: "candidate", compare: false });
const candidateCompared: Decision = Object.freeze({ serve: "candidate", compare: true });

/**
 * Which behavior answers one call, and whether the other runs beside it. Pure.
 *
 * `live` and `complete` serve everybody, and `complete` compares nothing, whatever share the snapshot names. In a ramp, a call without a key is control's: it could not stick.
 *
 * @param bucket the key's bucket, from 0 to 2³² − 1; `undefined` when the call has no key
 * @param draw a random number in [0, 1) against the compared share; 0, the default, compares whenever any call is
 */
export function decide(snapshot: RolloutSnapshot, bucket: number | undefined, draw = 0): Decision {
  const { stage } = snapshot;
  // Compared, its caller would get control's answer where the candidate fails.
  if (stage === "complete") return candidateAlone;
  const served = stage === "live" || (stage === "ramp" && bucket !== undefined && admits(snapshot.share, bucket));
  const compared = draw < snapshot.compare;
  if (served) return compared ? candidateCompared : candidateAlone;
  return compared ? controlCompared : controlAlone;
}
