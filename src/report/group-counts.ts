import type { PresentedCandidate, PresentedResult } from "../records/record.ts";
import type { ReportGroup } from "./model.ts";
import { Steps } from "./steps.ts";

const mostGroups = 256;
const mostExamples = 3;

interface Example {
  readonly result: PresentedResult;
  /** Which of its candidates differs so. */
  readonly name: string;
}

interface Group {
  count: number;
  firstSeen: number;
  lastSeen: number;
  version: string | undefined;
  /** In the order of time. */
  readonly examples: Example[];
  readonly steps: Steps<{ count: number }>;
}

/** How many examples all groups of a report keep together. */
export interface ExampleRoom {
  left: number;
}

/** One candidate's mismatches by signature. Twice as many as a report shows are kept; the rarest go first. */
export class GroupCounts {
  readonly #room: ExampleRoom;
  readonly #groups = new Map<string, Group>();
  #others = 0;
  /** When each version came first. */
  readonly #versions = new Map<string, number>();

  constructor(room: ExampleRoom) {
    this.#room = room;
  }

  /** Counts mismatches that have no name. */
  addOthers(count: number): void {
    this.#others += count;
  }

  add(signature: string, count: number, from: number, to: number, version: string | undefined): void {
    this.sawVersion(version, from);
    const group = this.#of(signature);
    group.count += count;
    const isEarlier = from < group.firstSeen || (from === group.firstSeen && (version ?? "") < (group.version ?? ""));
    if (isEarlier) group.version = version;
    group.firstSeen = Math.min(group.firstSeen, from);
    group.lastSeen = Math.max(group.lastSeen, to);
    group.steps.at(from).count += count;
  }

  sawVersion(version: string | undefined, from: number): void {
    if (version === undefined) return;
    const known = this.#versions.get(version);
    if (known === undefined || from < known) this.#versions.set(version, from);
  }

  /** Keeps a result to show for it: the earliest ones, in whatever order they come. */
  show(signature: string, result: PresentedResult, { name }: PresentedCandidate): void {
    const { examples } = this.#of(signature);
    const last = examples.at(-1);
    const isFull = examples.length >= mostExamples || (this.#room.left <= 0 && examples.length > 0);
    if (isFull && !isBefore(result, last!.result)) return;
    const known = examples.findIndex((each) => each.result.id === result.id);
    if (known >= 0) {
      // Kept as the first of its kind, and drawn beside that.
      if (result.weight < examples[known]!.result.weight) examples[known] = { result, name };
      return;
    }
    if (isFull) examples.pop();
    else this.#room.left -= 1;
    const at = examples.findIndex((each) => isBefore(result, each.result));
    examples.splice(at < 0 ? examples.length : at, 0, { result, name });
  }

  /** @param steps when each step of the experiment begins */
  list(steps: readonly number[], stepMs: number): { readonly groups: ReportGroup[]; readonly otherGroups: number } {
    const all = [...this.#groups].filter(([, { count }]) => count > 0).sort(byCount);
    const shown = all.slice(0, mostGroups);
    const rest = all.slice(mostGroups).reduce((sum, [, { count }]) => sum + count, this.#others);
    const total = all.reduce((sum, [, { count }]) => sum + count, this.#others);
    const [oldest] = [...this.#versions]
      .sort(([one, from], [other, since]) => from - since || (one < other ? -1 : 1))
      .map(([version]) => version);
    const groups = shown.map(([signature, group]): ReportGroup => {
      const { count, firstSeen, lastSeen, version, examples } = group;
      group.steps.coarsen(stepMs);
      const counts = new Map(group.steps.list().map(([at, each]) => [at, each.count]));
      return {
        ...{ signature, differences: differencesOf(examples[0]), count, share: count / total, firstSeen, lastSeen },
        ...(version !== undefined && { version }),
        isNew: version !== undefined && version !== oldest,
        examples: examples.map(({ result }) => result),
        trend: steps.map((at) => counts.get(at) ?? 0),
      };
    });
    return { groups, otherGroups: rest };
  }

  #of(signature: string): Group {
    const known = this.#groups.get(signature);
    if (known !== undefined) return known;
    const steps = new Steps(
      () => ({ count: 0 }),
      (into: { count: number }, from) => void (into.count += from.count),
    );
    const group: Group = {
      ...{ count: 0, firstSeen: Infinity, lastSeen: -Infinity, version: undefined, examples: [] },
      steps,
    };
    this.#groups.set(signature, group);
    if (this.#groups.size > 2 * mostGroups) this.#forgetRare();
    return group;
  }

  #forgetRare(): void {
    for (const [signature, { count, examples }] of [...this.#groups].sort(byCount).slice(mostGroups)) {
      this.#groups.delete(signature);
      this.#others += count;
      this.#room.left += examples.length;
    }
  }
}

function isBefore(one: PresentedResult, other: PresentedResult): boolean {
  // To the millisecond, as tables have it.
  const [at, than] = [Math.round(one.startedAt), Math.round(other.startedAt)];
  return at < than || (at === than && one.id < other.id);
}

function differencesOf(example: Example | undefined): ReportGroup["differences"] {
  const candidate = example?.result.candidates.find(({ name }) => name === example.name);
  return (candidate?.comparison.differences ?? []).slice(0, 5).map(({ path, kind, controlType, candidateType }) => ({
    ...{ path, kind },
    ...(controlType !== undefined && { controlType }),
    ...(candidateType !== undefined && { candidateType }),
  }));
}

function byCount([a, one]: [string, Group], [b, other]: [string, Group]): number {
  return other.count - one.count || (a < b ? -1 : 1);
}
