import { call } from "./call.ts";
import type { ExperimentPlan } from "../define/experiment-plan.ts";
import { skip } from "./gates.ts";
import type { AnyFunction } from "../../model/any-function.ts";

/** A function that runs the experiment, and looks like its control: name, length, own properties, prototype, `new`. */
export function wrap(plan: ExperimentPlan): AnyFunction {
  const { hooks } = plan;
  const { control } = hooks;
  const wrapped = isConstructible(control) ? constructible(plan) : callable(plan);
  try {
    Object.setPrototypeOf(wrapped, Object.getPrototypeOf(control) as object | null);
    Object.defineProperties(wrapped, descriptorsOf(control, wrapped));
    copyMetadata(control, wrapped);
  } catch (error) {
    // A control that is a hostile proxy keeps what could be copied.
    plan.services.fault("internal", error, plan);
  }
  return wrapped;
}

function callable(plan: ExperimentPlan): AnyFunction {
  const { hooks } = plan;
  // A method cannot be called with `new`, and neither can such a control.
  const holder = {
    method(this: unknown, ...args: unknown[]): unknown {
      return call(plan, hooks, this, args);
    },
  };
  return holder.method as AnyFunction;
}

function constructible(plan: ExperimentPlan): AnyFunction {
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

/** Of a class, static methods and accessors called on the wrapper see the class itself: private static members are there alone. */
function descriptorsOf(control: AnyFunction, wrapped: AnyFunction): PropertyDescriptorMap {
  const descriptors: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(control);
  if (!Function.prototype.toString.call(control).startsWith("class")) return descriptors;
  for (const key of Reflect.ownKeys(descriptors)) {
    const descriptor = descriptors[key as string]!;
    for (const part of ["value", "get", "set"] as const) {
      const method: unknown = descriptor[part];
      if (typeof method === "function" && !descriptor.enumerable && !isConstructible(method as AnyFunction)) {
        descriptor[part] = onControl(method as AnyFunction, control, wrapped);
      }
    }
  }
  return descriptors;
}

function onControl(method: AnyFunction, control: AnyFunction, wrapped: AnyFunction): AnyFunction {
  const holder = {
    method(this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(method, this === wrapped ? control : this, args) as unknown;
    },
  };
  const forwarding = holder.method as AnyFunction;
  Object.setPrototypeOf(forwarding, Object.getPrototypeOf(method) as object | null);
  Object.defineProperties(forwarding, Object.getOwnPropertyDescriptors(method));
  copyMetadata(method, forwarding);
  return forwarding;
}

interface MetadataReflect {
  getOwnMetadataKeys?(target: object, property?: PropertyKey): unknown[];
  getOwnMetadata?(key: unknown, target: object, property?: PropertyKey): unknown;
  defineMetadata?(key: unknown, value: unknown, target: object, property?: PropertyKey): void;
}

/** What decorators keep under the function itself, where `reflect-metadata` is loaded; what is defined later is not seen. */
function copyMetadata(from: AnyFunction, to: AnyFunction): void {
  const reflect = Reflect as MetadataReflect;
  if (!reflect.getOwnMetadataKeys || !reflect.getOwnMetadata || !reflect.defineMetadata) return;
  for (const property of [undefined, ...Reflect.ownKeys(from)]) {
    for (const key of reflect.getOwnMetadataKeys(from, property)) {
      reflect.defineMetadata(key, reflect.getOwnMetadata(key, from, property), to, property);
    }
  }
}
