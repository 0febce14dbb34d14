import type { PathSegment } from "./paths.ts";
import type { PatternStep } from "./path-patterns.ts";

/** A pattern, and what holds at each path that it matches. */
export interface PatternRule<Effect> {
  readonly steps: readonly PatternStep[];
  readonly effect: Effect;
}

/** What holds at one place, and where its steps lead. Made when first reached, and kept. */
export interface State<Effect> {
  /** The effects of all patterns that end here, in the order of their definition. */
  readonly effects: readonly Effect[];
  /** No pattern ends here or below. */
  readonly dead: boolean;
  /** Whether some pattern names a single array position here. */
  readonly positions: boolean;
  /** The state one step further. */
  next(segment: PathSegment): State<Effect>;
  /** The state of an element whose position does not count. */
  element(): State<Effect>;
}

/** A place in one pattern: how many of its steps are done. */
type Place = number;

// A step that no literal names leads where every other such step of its kind leads: the number of states that a value
// can make us build is bounded by the patterns, whatever keys it has.
const otherwise = Symbol("otherwise");

/**
 * Compiles patterns into one automaton: all of them together cost one look-up a step, and nothing below a place
 * that no pattern can reach. A subset construction (Rabin and Scott, 1959), done lazily.
 */
export function automaton<Effect>(rules: readonly PatternRule<Effect>[]): State<Effect> {
  const offsets: number[] = [];
  let total = 0;
  for (const rule of rules) {
    offsets.push(total);
    total += rule.steps.length + 1;
  }
  const ruleOf = new Uint32Array(total);
  offsets.forEach((offset, rule) => ruleOf.fill(rule, offset));
  const stepAt = (place: Place): PatternStep | undefined =>
    rules[ruleOf[place]!]!.steps[place - offsets[ruleOf[place]!]!];

  const states = new Map<string, State<Effect>>();

  function stateOf(places: Set<Place>): State<Effect> {
    // `**` may stand for no step at all.
    for (const place of places) if (stepAt(place)?.step === "deep") places.add(place + 1);
    const sorted = [...places].sort((a, b) => a - b);
    const key = sorted.join();
    let state = states.get(key);
    if (state === undefined) states.set(key, (state = makeState(sorted)));
    return state;
  }

  function makeState(places: readonly Place[]): State<Effect> {
    const effects: Effect[] = [];
    const literals = new Map<string | number, State<Effect> | undefined>();
    let dead = true;
    let positions = false;
    for (const place of places) {
      const step = stepAt(place);
      if (step === undefined) effects.push(rules[ruleOf[place]!]!.effect);
      else if (step.step === "is") {
        for (const name of namesOf(step.segment)) literals.set(name, undefined);
        positions ||= typeof step.segment === "number";
      }
      dead = false;
    }
    let other: State<Effect> | undefined;
    const follow = (name: string | number | typeof otherwise): State<Effect> => {
      const reached = new Set<Place>();
      for (const place of places) {
        const step = stepAt(place);
        if (step === undefined) continue;
        if (step.step === "deep") reached.add(place);
        else if (step.step === "any" || namesOf(step.segment).some((each) => each === name)) reached.add(place + 1);
      }
      return stateOf(reached);
    };
    const state: State<Effect> = {
      effects,
      dead,
      positions,
      next(segment) {
        if (dead) return state;
        const name = nameOf(segment);
        if (!literals.has(name)) return (other ??= follow(otherwise));
        let next = literals.get(name);
        if (next === undefined) literals.set(name, (next = follow(name)));
        return next;
      },
      element: () => (dead ? state : (other ??= follow(otherwise))),
    };
    return state;
  }

  return stateOf(new Set(offsets));
}

// A Map's string key is a key like an object's: `$.headers["x-id"]` finds both.
function nameOf(segment: PathSegment): string | number {
  if (typeof segment === "string") return `.${segment}`;
  if (typeof segment === "number") return segment;
  if (segment.entry !== "key" || !segment.of.startsWith('"')) return `[${segment.entry} ${segment.of}`;
  return `.${segment.text ?? (JSON.parse(segment.of) as string)}`;
}

/** What a step of a pattern finds: `[2024]` is an array's position, and the key 2024 of an object or a Map. */
function namesOf(segment: PathSegment): readonly (string | number)[] {
  return typeof segment === "number" ? [segment, `.${segment}`, `[key ${segment}`] : [nameOf(segment)];
}
