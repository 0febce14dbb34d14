import { defaultLaboratory } from "../default-laboratory.ts";
import type { ComparisonLimits } from "../experiment/define/comparison-options.ts";
import { CpuBudget } from "../experiment/limits/cpu-budget.ts";
import type { OptionCheck } from "../model/check-options.ts";
import type { Clock } from "../model/clock.ts";
import { Counts } from "./counts.ts";
import type { Lane, SeenRequest } from "./exchange/lane.ts";
import { ResponseComparer, type ReportedResponse } from "./exchange/reported-response.ts";
import type { HandlerLimits, SettledOptions } from "./handler-options.ts";
import type { HeaderRules } from "./responses/header-rules.ts";
import type { CompiledResponseRules } from "./responses/response-rules.ts";
import { Sessions } from "./sessions.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { compileSide, type CompiledSide } from "./sides/side.ts";
import type { Transport } from "./sides/transport.ts";

/** A candidate under its name. */
export type NamedLane = readonly [name: string, lane: Lane];

/** @throws {SidelaneError} by `check`, for the first thing that is wrong */
export function lanesOf(
  settled: SettledOptions,
  control: CompiledSide,
  rules: CompiledResponseRules,
  check: OptionCheck,
  transport: Transport,
  clock: Clock,
): readonly NamedLane[] {
  const { name, candidate, candidates, rollout } = settled;
  if ((candidate === undefined) === (candidates === undefined)) {
    check.fail("candidate", "given, or `candidates`, and not both", candidate ?? candidates);
  }
  const sides: readonly (readonly [name: string, side: unknown])[] =
    candidates === undefined ? [["candidate", candidate]] : Object.entries(candidates);
  if (sides.length === 0) check.fail("candidates", "at least one candidate by name", candidates);
  const taken = sides.find(([each]) => candidates !== undefined && /^(?:|control|compare)$/.test(each));
  if (taken !== undefined) {
    // A request can be forced to each of them by its name.
    check.fail("candidates", "an object of candidates by name, none of them empty, `control` or `compare`", taken[0]);
  }
  if (candidates !== undefined && rollout !== undefined) {
    check.fail("rollout", "left out beside `candidates`", rollout, "Several candidates run in shadow");
  }
  const budget = new CpuBudget(settled.cpuShare);
  const laboratory = settled.laboratory ?? defaultLaboratory();
  const trusted = new Set((settled.credentialsTo ?? []).map((each) => new URL(each).origin));
  return sides.map(([each, given]) => {
    const option = candidates === undefined ? "candidate" : `candidates.${each}`;
    const side = compileSide(given, option, check, transport);
    const counts = new Counts();
    const origins = {
      control: [...rules.origins.control, ...originOf(control)],
      candidate: [...rules.origins.candidate, ...originOf(side)],
    };
    // A server adds a date, and a handler of this process does not.
    const isMixed = (control.origin === undefined) !== (side.origin === undefined);
    const headers: HeaderRules = (name) =>
      isMixed && name === "date" && rules.headers(name) === "present" ? "dropped" : rules.headers(name);
    let watch: SilenceWatch | undefined = undefined;
    const comparer = new ResponseComparer(
      { ...rules, origins, headers },
      budget,
      clock,
      (comparison, one, other, events) => {
        watch?.compared(one, other);
        if (comparison.kind !== "inconclusive") counts.add("compared");
        else if (comparison.reason === "loop-busy") counts.skip("loop-busy");
        if (comparison.kind === "match") counts.add("matched");
        if (one.stream !== undefined && other.stream !== undefined && events !== undefined) {
          counts.addStreams({ ...one.stream, events: events.control }, { ...other.stream, events: events.candidate });
        }
      },
    );
    const isTrusted = side.origin === undefined || trusted.has(side.origin);
    const calls = laboratory.comparison<ReportedResponse, ReportedResponse, SeenRequest, unknown, unknown>(
      candidates === undefined ? name : `${name}/${each}`,
      {
        ...sharedWith(settled),
        limits: limitsOf(settled.limits),
        prepareComparable: (response: ReportedResponse) => comparer.prepare(response),
        compare: comparer.compare as never,
        capture: false,
        ...(settled.noise !== false && {
          noise: { ...(typeof settled.noise === "object" && settled.noise), controlIsReadOnly: true },
        }),
      },
    ) as Lane["calls"];
    const { session, silence } = settled;
    if (silence !== false) {
      const title = candidates === undefined ? name : `${name}/${each}`;
      const { windowMs = 60_000, log = logged } = silence ?? {};
      watch = new SilenceWatch(
        counts,
        clock,
        { windowMs, log },
        side.plainUrl !== undefined && side.plainUrl === control.plainUrl,
        (finding) => {
          calls.announce(finding);
          log(`sidelane: ${title}: ${finding.kind}: ${finding.reason}`);
        },
      );
    }
    const sessions = session && new Sessions(session, () => clock.now());
    return [each, { side, calls, comparer, counts, isTrusted, watch, sessions }];
  });
}

function logged(line: string): void {
  globalThis.console?.warn(line);
}

function originOf({ origin }: CompiledSide): readonly string[] {
  return origin === undefined ? [] : [origin];
}

/** What goes to each comparison as it is. */
function sharedWith(settled: SettledOptions): object {
  const { rollout, key, enabled, sample, context, knownMismatches, clean, afterRun, about, replace } = settled;
  const shared = { rollout, key, enabled, sample, context, knownMismatches, clean, afterRun, about, replace };
  return Object.fromEntries(Object.entries(shared).filter(([, value]) => value !== undefined));
}

function limitsOf(limits: HandlerLimits): ComparisonLimits {
  return Object.fromEntries(Object.entries(limits).filter(([name]) => name !== "requestBytes"));
}
