import { call } from "./call.ts";
import { SidelaneError } from "../../model/errors.ts";
import { givesPlainPromises } from "../runtime/native-promise.ts";
import type { Host } from "../define/services.ts";
import type { Hooks, Plan } from "../define/experiment-plan.ts";
import type { AnyFunction, UncheckedDefinition } from "../define/options.ts";

const mostNames = 1_000;

/**
 * The one-shot form. The first definition under a name is checked and compiled; later ones bring only their functions,
 * since those are closures of the present call. At most 1 000 names are kept: over it control runs alone.
 */
export class Science {
  readonly #host: Host;
  readonly #add: (name: string, definition: UncheckedDefinition) => Plan;
  readonly #plans = new Map<string, Plan>();
  #full = false;

  constructor(host: Host, add: (name: string, definition: UncheckedDefinition) => Plan) {
    this.#host = host;
    this.#add = add;
  }

  run(name: string, definition: UncheckedDefinition): unknown {
    const plan = this.#plans.get(name) ?? this.#define(name, definition);
    if (plan === undefined) return definition.control!();
    return call(plan, hooksOf(plan, definition), undefined, []);
  }

  #define(name: string, definition: UncheckedDefinition): Plan | undefined {
    if (this.#plans.size >= mostNames) {
      if (!this.#full) {
        const message = `More than ${mostNames} names of \`science\`; give a name to a comparison, not to a call`;
        this.#host.fault("internal", new SidelaneError("invalid-definition", message));
      }
      this.#full = true;
      return undefined;
    }
    const plan = this.#add(name, definition);
    this.#plans.set(name, plan);
    return plan;
  }
}

/** The present call's functions, with what is kept from call to call. */
function hooksOf(plan: Plan, definition: UncheckedDefinition): Hooks {
  const { candidate, candidates, enabled } = definition;
  const planned = plan.hooks.candidates.map((each) => {
    const given = candidates === undefined ? candidate : candidates[each.name];
    return given === undefined || given === each.call ? each : { ...each, call: given };
  });
  return {
    control: definition.control as AnyFunction,
    givesPromises: givesPlainPromises(definition.control),
    candidates: planned as unknown as Hooks["candidates"],
    enabled: typeof enabled === "function" ? enabled : undefined,
    key: definition.key,
    context: definition.context,
    prepare: definition.prepare,
    beforeRun: definition.beforeRun,
    afterRun: definition.afterRun,
    clean: definition.clean,
  };
}
