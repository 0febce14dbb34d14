import { SidelaneError } from "../../model/errors.ts";
import type { Services } from "../define/services.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import type { UncheckedDefinition } from "../define/options.ts";
import { call } from "./call.ts";
import { changedOption, functionsOf, planOfCall } from "./present-call.ts";

const mostNames = 1_000;

interface Known {
  readonly plan: ExperimentPlan;
  readonly first: UncheckedDefinition;
}

/**
 * The one-shot form. The first definition under a name is checked and compiled; of later ones every function is their own,
 * since those are closures of the present call. Other options stay those of the first, and one that changes is a counted
 * fault. At most 1 000 names are kept: over it control runs alone.
 */
export class Science {
  readonly #services: Services;
  readonly #add: (name: string, definition: UncheckedDefinition) => ExperimentPlan;
  readonly #known = new Map<string, Known>();
  #full = false;

  constructor(services: Services, add: (name: string, definition: UncheckedDefinition) => ExperimentPlan) {
    this.#services = services;
    this.#add = add;
  }

  run(name: string, definition: UncheckedDefinition): unknown {
    const known = this.#known.get(name);
    if (known !== undefined) return this.#runAgain(known, definition);
    const plan = this.#define(name, definition);
    return plan === undefined ? definition.control!() : call(plan, plan.hooks, undefined, []);
  }

  #runAgain({ plan, first }: Known, definition: UncheckedDefinition): unknown {
    const changed = changedOption(first, definition);
    if (changed !== undefined) {
      const message = `\`science\`: \`${changed}\` is not what it was in the first call under this name, and stays what it was there; give the comparison a name of its own`;
      this.#services.fault("internal", new SidelaneError("invalid-definition", message), plan);
    }
    const hooks = functionsOf(plan, definition);
    if (hooks === undefined) return definition.control!();
    return call(planOfCall(plan, first, definition), hooks, undefined, []);
  }

  #define(name: string, definition: UncheckedDefinition): ExperimentPlan | undefined {
    if (this.#known.size >= mostNames) {
      if (!this.#full) {
        const message = `More than ${mostNames} names of \`science\`; give a name to a comparison, not to a call`;
        this.#services.fault("internal", new SidelaneError("invalid-definition", message));
      }
      this.#full = true;
      return undefined;
    }
    const plan = this.#add(name, definition);
    this.#known.set(name, { plan, first: definition });
    return plan;
  }
}
