import type { PresentedCandidate, PresentedResult } from "../records/record.ts";
import type { ReportGroup } from "./model.ts";
import { Steps } from "./steps.ts";

const mostGroups = 256;
const mostExamples = 3;

interface Group {
  count: number;
  firstSeen: number;
  lastSeen: number;
  version: string | undefined;
  differences: ReportGroup["differences"];
  readonly examples: PresentedResult[];
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
  // In the order in which they came.
  readonly #versions: string[] = [];

  constructor(room: ExampleRoom) {
    this.#room = room;
  }

  /** Counts mismatches that have no name. */
  addOthers(count: number): void {
    this.#others += count;
  }

  add(signature: string, count: number, from: number, to: number, version: string | undefined): void {
    this.sawVersion(version);
    const group = this.#of(signature, from, version);
    group.count += count;
    group.firstSeen = Math.min(group.firstSeen, from);
    group.lastSeen = Math.max(group.lastSeen, to);
    group.steps.at(from).count += count;
  }

  sawVersion(version: string | undefined): void {
    if (version !== undefined && !this.#versions.includes(version)) this.#versions.push(version);
  }

  /** Keeps a result to show for it. */
  show(signature: string, result: PresentedResult, { comparison }: PresentedCandidate): void {
    const group = this.#of(signature, result.startedAt, result.version);
    if (group.differences.length === 0) {
      group.differences = (comparison.differences ?? [])
        .slice(0, 5)
        .map(({ path, kind, controlType, candidateType }) => ({
          ...{ path, kind },
          ...(controlType !== undefined && { controlType }),
          ...(candidateType !== undefined && { candidateType }),
        }));
    }
    if (group.examples.length >= mostExamples || (this.#room.left <= 0 && group.examples.length > 0)) return;
    if (group.examples.some(({ id }) => id === result.id)) return;
    group.examples.push(result);
    this.#room.left -= 1;
  }

  /** @param steps when each step of the experiment begins */
  list(steps: readonly number[], stepMs: number): { readonly groups: ReportGroup[]; readonly otherGroups: number } {
    const all = [...this.#groups].filter(([, { count }]) => count > 0).sort(byCount);
    const shown = all.slice(0, mostGroups);
    const rest = all.slice(mostGroups).reduce((sum, [, { count }]) => sum + count, this.#others);
    const total = all.reduce((sum, [, { count }]) => sum + count, this.#others);
    const [oldest] = this.#versions;
    const groups = shown.map(([signature, group]): ReportGroup => {
      const { count, firstSeen, lastSeen, version, differences, examples } = group;
      group.steps.coarsen(stepMs);
      const counts = new Map(group.steps.list().map(([at, each]) => [at, each.count]));
      return {
        ...{ signature, differences, count, share: count / total, firstSeen, lastSeen },
        ...(version !== undefined && { version }),
        isNew: version !== undefined && version !== oldest,
        examples: [...examples].sort((one, other) => one.startedAt - other.startedAt),
        trend: steps.map((at) => counts.get(at) ?? 0),
      };
    });
    return { groups, otherGroups: rest };
  }

  #of(signature: string, at: number, version: string | undefined): Group {
    const known = this.#groups.get(signature);
    if (known !== undefined) return known;
    const steps = new Steps(
      () => ({ count: 0 }),
      (into: { count: number }, from) => void (into.count += from.count),
    );
    const group: Group = {
      ...{ count: 0, firstSeen: at, lastSeen: at, version, differences: [], examples: [] },
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

function byCount([a, one]: [string, Group], [b, other]: [string, Group]): number {
  return other.count - one.count || (a < b ? -1 : 1);
}
