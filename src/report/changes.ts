import { visible } from "../model/visible-text.ts";
import type { ReportCandidate, ReportGroup, ReportModel } from "./model.ts";
import { verdictWords } from "./order.ts";
import { number, placesOf } from "./words.ts";

/** What is another in the later of two reports, of one candidate. */
export interface CandidateChanges {
  readonly experiment: string;
  readonly candidate: string;
  /** Absent where it is the same. */
  readonly verdict?: { readonly before: string; readonly after: string };
  readonly added: readonly ReportGroup[];
  readonly gone: readonly ReportGroup[];
  readonly changed: readonly { readonly before: ReportGroup; readonly after: ReportGroup }[];
}

/** New, gone and changed kinds of mismatch between two reports; candidates without any are left out. */
export function changesBetween(before: ReportModel, after: ReportModel): CandidateChanges[] {
  const [old, present] = [candidatesOf(before), candidatesOf(after)];
  return [...new Set([...old.keys(), ...present.keys()])].sort().flatMap((key) => {
    const [one, other] = [old.get(key), present.get(key)];
    const [experiment, candidate] = JSON.parse(key) as [string, string];
    const known = new Map(one?.groups.map((group) => [group.signature, group]));
    const now = new Map(other?.groups.map((group) => [group.signature, group]));
    const words = [one, other].map((each) => (each === undefined ? "absent" : verdictWords[each.verdict.kind].word));
    const changes = {
      ...{ experiment, candidate },
      ...(words[0] !== words[1] && { verdict: { before: words[0]!, after: words[1]! } }),
      added: [...now.values()].filter(({ signature }) => !known.has(signature)),
      gone: [...known.values()].filter(({ signature }) => !now.has(signature)),
      changed: [...now.values()].flatMap((group) => {
        const earlier = known.get(group.signature);
        return earlier === undefined || earlier.count === group.count ? [] : [{ before: earlier, after: group }];
      }),
    };
    const { added, gone, changed, verdict } = changes;
    return added.length + gone.length + changed.length === 0 && verdict === undefined ? [] : [changes];
  });
}

/** The changes as text: `+` new, `-` gone, `~` more or less often. */
export function changesText(changes: readonly CandidateChanges[]): string {
  if (changes.length === 0) return "Nothing differs between the two reports.\n";
  const lines = changes.flatMap(({ experiment, candidate, verdict, added, gone, changed }) => [
    `${visible(experiment)}: ${visible(candidate)}${verdict === undefined ? "" : `, ${verdict.before} → ${verdict.after}`}`,
    ...added.map((group) => `  + ${number(group.count)} × ${placesOf(group)}`),
    ...gone.map((group) => `  - ${number(group.count)} × ${placesOf(group)}`),
    ...changed.map(
      (each) => `  ~ ${number(each.before.count)} → ${number(each.after.count)} × ${placesOf(each.after)}`,
    ),
  ]);
  return `${lines.join("\n")}\n`;
}

function candidatesOf({ experiments }: ReportModel): Map<string, ReportCandidate> {
  return new Map(
    Object.entries(experiments).flatMap(([experiment, { candidates }]) =>
      Object.entries(candidates).map(([name, candidate]) => [JSON.stringify([experiment, name]), candidate] as const),
    ),
  );
}
