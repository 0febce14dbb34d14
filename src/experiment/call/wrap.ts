import { call } from "./call.ts";
import type { Plan } from "../define/experiment-plan.ts";
import { skip } from "./gates.ts";
import type { AnyFunction } from "../define/options.ts";

/** A function that runs the experiment, and looks like its control: name, length, own properties, prototype, `new`. */
export function wrap(plan: Plan): AnyFunction {
  const { hooks } = plan;
  const { control } = hooks;
  const wrapped = isConstructible(control) ? constructible(plan) : callable(plan);
  try {
    Object.setPrototypeOf(wrapped, Object.getPrototypeOf(control) as object | null);
    Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(control));
  } catch (error) {
    // A control that is a hostile proxy keeps what could be copied.
    plan.host.fault("internal", error, plan);
  }
  return wrapped;
}

function callable(plan: Plan): AnyFunction {
  const { hooks } = plan;
  // A method cannot be called with `new`, and neither can such a control.
  const holder = {
    method(this: unknown, ...args: unknown[]): unknown {
      return call(plan, hooks, this, args);
    },
  };
  return holder.method as AnyFunction;
}

function constructible(plan: Plan): AnyFunction {
  const { hooks } = plan;
  return function (this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return call(plan, hooks, this, args);
    plan.counters.calls += 1;
    skip(plan, plan.counters.skips.constructed);
    return Reflect.construct(hooks.control as unknown as new () => unknown, args, new.target as AnyFunction) as unknown;
  } as AnyFunction;
}

function isConstructible(control: AnyFunction): boolean {
  try {
    // Asks without running it: the new target is checked before anything is called.
    Reflect.construct(Object, [], control);
    return true;
  } catch {
    return false;
  }
}
