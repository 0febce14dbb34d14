import { hasThen, silenceSlots } from "../../model/silence.ts";
import { typeNameOf } from "../kinds/type-name.ts";
import type { CompiledRules, Grouping } from "../rules/rules.ts";
import { within, withinText, withinTime, type Tolerance } from "../rules/tolerance.ts";
import { Unreadable } from "./safe-reader.ts";
import { missing } from "./missing.ts";
import { Stop } from "./stop.ts";
import type { Place, Walker } from "./walker.ts";

/** What two instances of one class are read as, where a rule says so. */
export function readClasses(walk: Walker, control: object, candidate: object): readonly [unknown, unknown] | undefined {
  const { classes } = walk.rules;
  for (
    let level = Object.getPrototypeOf(control) as object | null;
    level !== null;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    const read = classes.get(level);
    if (read === undefined) continue;
    if (!Object.prototype.isPrototypeOf.call(level, candidate)) return undefined;
    if (!walk.rules.ignorePrototype && Object.getPrototypeOf(control) !== Object.getPrototypeOf(candidate)) continue;
    return [callUser("`classes`", read, control), callUser("`classes`", read, candidate)];
  }
  return undefined;
}

export function askErrors(
  walk: Walker,
  errors: NonNullable<CompiledRules["errors"]>,
  control: object,
  candidate: object,
): boolean {
  const same = callUser("`errors`", (pair: readonly [object, object]) => errors(pair[0], pair[1]), [
    control,
    candidate,
  ] as const);
  if (typeof same !== "boolean") throw new Stop(`\`errors\` returned neither true nor false, but ${typeNameOf(same)}`);
  return same || walk.differ("value", control, candidate);
}

export function keyOf(walk: Walker, by: Grouping, element: unknown, place: Place): unknown {
  const seen = normalised(element === missing ? undefined : element, place);
  if (typeof by === "function") return callUser("`by`", by, seen);
  if (typeof seen !== "object" || seen === null) return undefined;
  const key = walk.reader.once(seen, by);
  return Unreadable.is(key) ? undefined : normalised(key, place.dead ? place : place.next(by));
}

export function normalised(value: unknown, place: Place): unknown {
  for (const effect of place.effects) {
    if (effect.kind === "at") value = callUser("`at`", effect.normalize, value);
  }
  return value;
}

/** Runs a user's function; what it throws ends the walk, and so does a promise, whose failure is nobody's. */
export function callUser<Value>(name: string, run: (value: Value) => unknown, value: Value): unknown {
  let returned: unknown;
  try {
    returned = run(value);
  } catch (error) {
    throw new Stop(`${name} threw`, { error });
  }
  if (typeof returned !== "object" || returned === null || returned === value || !hasThen(returned)) return returned;
  silenceSlots(returned);
  throw new Stop(`${name} returned a promise; it has to say at once what is compared`);
}

/** Whether a rule at a place, or one for all values, calls two numbers or texts the same. */
export function isTolerated(walk: Walker, place: Place, control: unknown, candidate: unknown): boolean {
  if (typeof control === "number" && typeof candidate === "number") {
    return someTolerance(walk, place, (tolerance) => within(tolerance, control, candidate));
  }
  if (typeof control !== "string" || typeof candidate !== "string") return false;
  return someTolerance(walk, place, (tolerance) => withinText(tolerance, control, candidate));
}

/** The same for two times in milliseconds. */
export function isToleratedTime(walk: Walker, place: Place, control: number, candidate: number): boolean {
  return someTolerance(walk, place, (tolerance) => withinTime(tolerance, control, candidate));
}

function someTolerance(walk: Walker, place: Place, allows: (tolerance: Tolerance) => boolean): boolean {
  const { tolerance } = walk.rules;
  if (tolerance !== undefined && allows(tolerance)) return true;
  return place.effects.some((effect) => effect.kind === "tolerance" && allows(effect.tolerance));
}

/** A place without its rules `at`, for what they have returned. */
export function withoutNormalisers(place: Place): Place {
  if (!place.effects.some((effect) => effect.kind === "at")) return place;
  return Object.assign(Object.create(place) as Place, {
    effects: place.effects.filter((effect) => effect.kind !== "at"),
  });
}
