import { describe } from "../../model/check-options.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { ServedStage } from "../../model/result.ts";
import { comparisonPlanOf, type ComparisonPlan } from "../define/compile-comparison.ts";
import type { UncheckedComparison } from "../define/comparison-options.ts";
import type { ExperimentPlan, Hooks } from "../define/experiment-plan.ts";
import type { Services } from "../define/services.ts";
import { nothingLearnt } from "../record/noise-reruns.ts";
import type { Skip } from "../record/counters.ts";
import { AloneCall } from "../reported/alone-call.ts";
import { ComparedCall } from "../reported/compared-call.ts";
import type { BeginOptions, ComparisonCalls, ComparisonEvent, ComparisonMaker } from "../reported/comparison-call.ts";
import { describeReport, readOutcome } from "../reported/read-report.ts";
import { ControlCall, type ReportedCall } from "../reported/reported-call.ts";
import { ObservedRun } from "../run/observed-run.ts";
import { settledAs } from "../runtime/promises.ts";
import { admitted, answersAlone, skip, whyNot } from "./gates.ts";
import { contextOf } from "./inputs.ts";
import { keyOf, routeOf, withoutRollout, type Route } from "./route.ts";

const nothingGiven: BeginOptions = Object.freeze({});
const shadow: ServedStage = Object.freeze({ stage: "shadow", share: 0, epoch: 0 });

function standing({ stage, share, epoch }: ServedStage): ServedStage {
  return { stage, share, epoch };
}

/** @param register takes the name, or refuses it; with whether it may take another's place */
export function comparisonMaker(
  services: Services,
  register: (plan: ExperimentPlan, replaces: boolean) => void,
): ComparisonMaker {
  return (name: string, options?: UncheckedComparison) => {
    const comparison = comparisonPlanOf(name, options ?? {}, services);
    register(comparison.plan, options?.replace === true);
    return new ComparisonDoor(comparison) as ComparisonCalls<never, never, never>;
  };
}

/** The other way in: an experiment whose sides others call. Goes the same way as a call of a wrapped function, up to the call itself. */
class ComparisonDoor {
  readonly #comparison: ComparisonPlan;
  /** For calls that bring their key: what was handed to `begin` is the hooks' `this`. */
  readonly #keyed: Hooks;
  #toldOfKey = false;

  constructor(comparison: ComparisonPlan) {
    this.#comparison = comparison;
    this.#keyed = {
      ...comparison.plan.hooks,
      key(this: BeginOptions) {
        return this.key;
      },
    };
  }

  begin(given?: unknown): ReportedCall {
    const { plan } = this.#comparison;
    const { services } = plan;
    plan.counters.calls += 1;
    const begun = this.#read(given);
    const hooks = begun.key === undefined ? plan.hooks : this.#keyed;
    const args = [begun.input];
    const decided = routeOf(plan, hooks, begun, args);
    const route =
      begun.alone === true ? { ...decided, compares: false }
      : begun.drawn === true ? { ...decided, isDrawn: true }
      : decided;
    if (this.#comparison.needsKeyOfCall && route.stage === "ramp" && begun.key === undefined) this.#tellOfKey();
    const reason = whyNot(plan, hooks, begun, args, route);
    if (reason !== undefined) return this.#oneSide(route, reason, begun.alone);
    const candidates = admitted(plan, hooks.candidates);
    if (candidates.length === 0) return this.#oneSide(route, plan.counters.skips["breaker-open"]);
    const key = decided === withoutRollout ? keyOf(plan, hooks, begun, args) : route.key;
    const run = new ObservedRun(plan, this.#hooksOf(hooks, begun), candidates, begun, args, route.snapshot, key);
    run.context = this.#contextOf(begun, args);
    const { state } = candidates[0]!.breaker;
    // A candidate that fails in a row serves nobody until a probe has succeeded.
    const serves = route.serves === "candidate" && state === "closed";
    const side = serves ? "candidate" : "control";
    return new ComparedCall(
      run,
      this.#comparison.prepareComparable,
      side,
      state !== "closed",
      services.clock.monotonic(),
    );
  }

  announce(event: unknown): void {
    const { plan } = this.#comparison;
    try {
      const { kind, reason, by = "comparison", stage: given = shadow } = event as ComparisonEvent;
      const stage = standing(plan.rollout?.current() ?? { ...given, epoch: 0 });
      const at = plan.services.clock.now();
      const version = plan.version;
      plan.services.comparisonQueue.event({
        ...{ kind, experiment: plan.name, from: stage, to: stage, at, by, reason },
        ...(version !== undefined && { version }),
      });
    } catch (error) {
      plan.services.fault("report", error, plan);
    }
  }

  #oneSide(route: Route, reason: Skip, isAlone = false): ReportedCall {
    const { plan } = this.#comparison;
    const now = plan.services.clock.monotonic();
    skip(plan, reason);
    if (answersAlone(plan, route, reason)) {
      return new AloneCall(plan, reason.reason, route.snapshot!, route.key, now, isAlone);
    }
    return new ControlCall(plan, "control", route.snapshot?.epoch ?? 0, reason.reason, now);
  }

  /** What was handed in, as far as it can be read. */
  #read(given: unknown): BeginOptions {
    if (given === undefined) return nothingGiven;
    try {
      if (typeof given === "object" && given !== null) {
        const { key, context, again, input, alone, drawn } = given as BeginOptions;
        if (again !== undefined && typeof again !== "function") this.#fault("`again` to be a function", again);
        if (context !== undefined && (typeof context !== "object" || context === null)) {
          this.#fault("`context` to be an object", context);
        }
        const twice = typeof again === "function" ? again : undefined;
        return { key, context, again: twice, input, alone: alone === true, drawn: drawn === true };
      }
      this.#fault("an object", given);
    } catch (error) {
      const { plan } = this.#comparison;
      plan.services.fault("report", error, plan);
    }
    return nothingGiven;
  }

  #hooksOf(hooks: Hooks, { again }: BeginOptions): Hooks {
    const { plan } = this.#comparison;
    if (plan.noise === undefined || again === undefined) return hooks;
    return { ...hooks, control: () => this.#controlAgain(again) };
  }

  /** Control's outcome once more, as what it would have returned or thrown. */
  async #controlAgain(again: () => unknown): Promise<unknown> {
    const { prepareComparable } = this.#comparison;
    const told = await settledAs(again());
    const outcome = readOutcome(told);
    if (outcome === undefined) this.#fault("`again` to tell an outcome", undefined, describeReport(told));
    if (outcome?.kind === "returned") {
      return prepareComparable === undefined ?
          outcome.value
        : settledAs(Reflect.apply(prepareComparable, undefined, [outcome.value, "control"]));
    }
    throw outcome?.kind === "threw" ? outcome.error : nothingLearnt;
  }

  #contextOf(begun: BeginOptions, args: unknown[]): Readonly<Record<string, unknown>> | undefined {
    const { plan } = this.#comparison;
    const { context } = plan.hooks;
    const own = begun.context === undefined ? undefined : contextOf(plan, begun.context, begun, args);
    if (context === undefined) return own;
    const shared = contextOf(plan, context, begun, args);
    return own === undefined ? shared : { ...shared, ...own };
  }

  #tellOfKey(): void {
    if (this.#toldOfKey) return;
    this.#toldOfKey = true;
    const { plan } = this.#comparison;
    const message = `${plan.place}: a call was begun without a \`key\`, and below \`live\` control serves it: hand one to \`begin\`, or say \`unkeyed: "by-call"\` in the rollout. Told once`;
    plan.services.fault("key", new SidelaneError("invalid-option", message), plan);
  }

  #fault(expected: string, got: unknown, described = describe(got)): void {
    const { plan } = this.#comparison;
    const message = `${plan.place}: expected what is handed to \`begin\`, ${expected}, got ${described}`;
    plan.services.fault("report", new SidelaneError("invalid-option", message), plan);
  }
}
