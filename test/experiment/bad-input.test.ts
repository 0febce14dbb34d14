import { describe, expect, it } from "vitest";
import { Laboratory, SidelaneError } from "../../src/index.ts";

const control = (n: number): number => n;
const candidate = control;

const sides = { control, candidate };
const aFunction = (option: string, got: string): string => `expected \`${option}\` to be a function, got ${got}`;
const options =
  "control, candidate, candidates, prepare, enabled, sample, compare, context, order, knownMismatches, clean, " +
  "noise, stream, beforeRun, afterRun, onNewMismatch, key, rollout, limits, capture, isolate, checkArguments, about, throwOnMismatch, replace";

// Each: what is wrong, the definition, and what the message says after the experiment: option, expected, got, how to mend it.
const definitions: readonly (readonly [string, unknown, string])[] = [
  ["nothing at all", undefined, "expected `definition` to be an object, got undefined"],
  ["a list of options", [], "expected `definition` to be an object, got an array"],
  ["no control", { candidate }, aFunction("control", "undefined")],
  ["a control that is no function", { control: 5, candidate }, aFunction("control", "5")],
  ["no candidate", { control }, aFunction("candidate", "undefined")],
  ["a candidate that is no function", { control, candidate: "b" }, aFunction("candidate", '"b"')],
  ["candidates that are no functions", { control, candidates: { b: 5 } }, aFunction("candidates.b", "5")],
  [
    "candidates without names",
    { control, candidates: [candidate] },
    "expected `candidates` to be an object, got an array",
  ],
  [
    "no candidates at all",
    { control, candidates: {} },
    "expected `candidates` to be an object with at least one candidate, got an object",
  ],
  [
    "a candidate and candidates",
    { ...sides, candidates: { b: candidate } },
    "expected `candidates` to be left out where there is a `candidate`, got an object. Name them all in `candidates`",
  ],
  [
    "a candidate called control",
    { control, candidates: { control: candidate } },
    "expected `candidates` to be named otherwise than `control`, got an object",
  ],
  [
    "a candidate without a name",
    { control, candidates: { "": candidate } },
    'expected `candidates\' names` to be a non-empty string, got ""',
  ],
  [
    "an unknown option",
    { ...sides, canidate: 1 },
    `unknown option \`canidate\`; did you mean \`candidate\`? Known options: ${options}`,
  ],
  ["a share above one", { ...sides, sample: 1.5 }, "expected `sample` to be a number from 0 to 1, got 1.5"],
  ["a share below zero", { ...sides, sample: -0.1 }, "expected `sample` to be a number from 0 to 1, got -0.1"],
  ["a share that is no number", { ...sides, sample: NaN }, "expected `sample` to be a number from 0 to 1, got NaN"],
  [
    "a share of checked calls above one",
    { ...sides, checkArguments: 2 },
    "expected `checkArguments` to be a number from 0 to 1, got 2",
  ],
  ["limits that are none", { ...sides, limits: 5 }, "expected `limits` to be an object, got 5"],
  [
    "an unknown limit",
    { ...sides, limits: { timeout: 1 } },
    "unknown option `limits.timeout`; did you mean `limits.timeoutMs`? Known options: timeoutMs, maxInFlight, callerMs, breakAfter, breakMs, cpuShare",
  ],
  ...[
    ["timeoutMs", -1, "a number of at least 0"],
    ["breakMs", -1, "a number of at least 0"],
    ["maxInFlight", NaN, "a whole number of at least 0"],
    ["maxInFlight", 1.5, "a whole number of at least 0"],
    ["breakAfter", 1.5, "a whole number of at least 1"],
    ["breakAfter", 0, "a whole number of at least 1"],
    ["cpuShare", 1.5, "a number from 0 to 1"],
    ["cpuShare", -0.5, "a number from 0 to 1"],
  ].map(
    ([limit, got, expected]) =>
      [
        `${limit} of ${got}`,
        { ...sides, limits: { [limit!]: got } },
        `expected \`limits.${limit}\` to be ${expected}, got ${got}`,
      ] as const,
  ),
  [
    "the former name of a deferred order",
    { ...sides, execution: "deferred" },
    'expected `execution` to be left out, got "deferred". Write `order: "deferred"` for a candidate that is called after the caller has been served',
  ],
  [
    "an unknown order",
    { ...sides, order: "candidate-first" },
    'expected `order` to be one of "control-first", "random", "deferred", got "candidate-first"',
  ],
  [
    "an unknown answer to a mismatch",
    { ...sides, rollout: { serve: 1, onMismatch: "throw" } },
    'expected `rollout.onMismatch` to be one of "serve", "control", got "throw"',
  ],
  [
    "a rollout of one's own with an unknown answer to a mismatch",
    { ...sides, rollout: { current: () => undefined, bucket: () => 0, onMismatch: "throw" } },
    'expected `rollout.onMismatch` to be one of "serve", "control", got "throw"',
  ],
  ...["prepare", "key", "clean", "beforeRun", "afterRun", "onNewMismatch"].map(
    (hook) => [`a hook \`${hook}\` that is no function`, { ...sides, [hook]: true }, aFunction(hook, "true")] as const,
  ),
  ["a gate that is none", { ...sides, enabled: "yes" }, aFunction("enabled", '"yes"')],
  ...["isolate", "replace"].map(
    (option) =>
      [
        `a switch \`${option}\` that is none`,
        { ...sides, [option]: "no" },
        `expected \`${option}\` to be true or false, got "no"`,
      ] as const,
  ),
  ["a limit of copies that is none", { ...sides, capture: "no" }, 'expected `capture` to be an object, got "no"'],
  ["a context that is none", { ...sides, context: "shop" }, 'expected `context` to be an object, got "shop"'],
  ["an owner alone", { ...sides, about: "Ada" }, 'expected `about` to be an object, got "Ada"'],
  [
    "an unknown word about it",
    { ...sides, about: { who: "Ada" } },
    "unknown option `about.who`. Known options: owner, link, until",
  ],
  [
    "an owner without a name",
    { ...sides, about: { owner: "" } },
    'expected `about.owner` to be a non-empty string, got ""',
  ],
  ["a link that is none", { ...sides, about: { link: 42 } }, "expected `about.link` to be a non-empty string, got 42"],
  [
    "an end that is no date",
    { ...sides, about: { until: "soon" } },
    'expected `about.until` to be a date such as "2027-01-31", got "soon"',
  ],
  [
    "a rule whose end is no date",
    { ...sides, knownMismatches: [{ name: "a", when: () => true, until: "soon" }] },
    'expected `knownMismatches[0].until` to be a date such as "2027-01-31", got "soon"',
  ],
  [
    "a rule without a name",
    { ...sides, knownMismatches: [{ when: () => true }] },
    "expected `knownMismatches[0].name` to be a non-empty string, got undefined",
  ],
  [
    "rules that are no list",
    { ...sides, knownMismatches: () => true },
    "expected `knownMismatches` to be a list of known mismatches, got a function",
  ],
  [
    "a comparison that is none",
    { ...sides, compare: 5 },
    "expected `compare` to be rules or a function of both values, got 5",
  ],
  [
    "a pattern with a mistake",
    { ...sides, compare: { ignore: ["$.items["] } },
    'expected `ignore[0]` to be a path pattern, got "$.items[". At position 8: expected an index, a quoted key, or `*` between the brackets\n  $.items[\n          ^\n',
  ],
  ["a stream that is none", { ...sides, stream: 5 }, "expected `stream` to be an object, got 5"],
  [
    "an unknown limit of streams",
    { ...sides, stream: { items: 1 } },
    "unknown option `stream.items`. Known options: maxItems, maxBytes",
  ],
  [
    "no room for a stream's items",
    { ...sides, stream: { maxItems: 0 } },
    "expected `stream.maxItems` to be a whole number of at least 1, got 0",
  ],
  [
    "half a byte for a stream",
    { ...sides, stream: { maxBytes: 1.5 } },
    "expected `stream.maxBytes` to be a whole number of at least 1, got 1.5",
  ],
  [
    "a rollout of streams",
    { ...sides, stream: true, rollout: "shadow" },
    "`rollout` cannot be combined with `stream`: a stream is read once, by control's caller",
  ],
  [
    "noise of streams",
    { ...sides, stream: true, noise: { controlIsReadOnly: true } },
    "`noise` cannot be combined with `stream`: a stream is read once, by control's caller",
  ],
  [
    "noise of a control that may do harm",
    { ...sides, noise: { rate: 1 } },
    "expected `noise.controlIsReadOnly` to be true, got undefined. Noise runs control a second time",
  ],
  ["noise that is none", { ...sides, noise: 5 }, "expected `noise` to be an object, got 5"],
  [
    "an unknown option of noise",
    { ...sides, noise: { controlIsReadOnly: true, every: 5 } },
    "unknown option `noise.every`. Known options: controlIsReadOnly, rate, max",
  ],
  [
    "a rate of noise above one",
    { ...sides, noise: { controlIsReadOnly: true, rate: 5 } },
    "expected `noise.rate` to be a number from 0 to 1, got 5",
  ],
  [
    "half a run for noise",
    { ...sides, noise: { controlIsReadOnly: true, max: 1.5 } },
    "expected `noise.max` to be a whole number of at least 0, got 1.5",
  ],
  [
    "shares of a rollout outside of [0, 1]",
    { ...sides, rollout: { serve: 2 } },
    "expected `rollout.serve` to be a number from 0 to 1, got 2",
  ],
  [
    "an unknown stage",
    { ...sides, rollout: "rampant" },
    'expected `rollout` to be one of "off", "shadow", "live", "complete", got "rampant"',
  ],
  [
    "a rollout of several candidates",
    { control, candidates: { a: candidate, b: candidate }, rollout: "shadow" },
    'expected `rollout` to be left out where there are several candidates, got "shadow". One `candidate` can answer callers',
  ],
];

// Each on its bound.
const accepted: readonly (readonly [string, Record<string, unknown>])[] = [
  ["no share and every share", { sample: 0, checkArguments: 1 }],
  ["no limit at all", { limits: {} }],
  ["the least limits", { limits: { timeoutMs: 0, maxInFlight: 0, breakAfter: 1, breakMs: 0, cpuShare: 0 } }],
  ["limits without an end", { limits: { timeoutMs: Infinity, maxInFlight: Infinity, breakAfter: Infinity } }],
  ["limits left open", { limits: { timeoutMs: undefined, breakMs: 0.5, cpuShare: 1 }, capture: { depth: 1 } }],
  ["the least stream", { stream: { maxItems: 1, maxBytes: 1 } }],
  ["noise at its bounds", { noise: { controlIsReadOnly: true, rate: 1, max: 0 } }],
  ["a gate that is a switch", { enabled: false }],
  ["a deferred order", { order: "deferred" }],
  ["random order", { order: "random" }],
  ["a context that is a function", { context: () => ({ shop: 1 }) }],
  ["nothing to say about it", { about: {} }],
];

const laboratories: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ["publishers that are no list", { publishers: () => undefined }, /`publishers`.*array/s],
  ["a publisher that is none", { publishers: [5] }, /publishers\[0\].*5/s],
  [
    "two publishers of one name",
    { publishers: [function a() {}, function a() {}] },
    /`publishers`.*different names.*a/s,
  ],
  ["an unknown option", { publisher: [] }, /publisher/],
  ["a clock without its methods", { clock: { now: () => 0 } }, /clock\.monotonic.*function/s],
  ["a source of chance that is none", { random: 0.5 }, /`random`.*function.*0\.5/s],
  ["a limit that is none", { limits: { maxInFlight: "many" } }, /limits\.maxInFlight.*many/s],
  ["a context that is none", { context: "shop" }, /`context`.*shop/s],
];

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a definition with", () => {
  it.each(definitions)("%s is refused when it is made", (_, definition, says) => {
    const lab = new Laboratory();
    const error = thrownBy(() => lab.experiment("tried", definition as never));
    expect(error).toBeInstanceOf(SidelaneError);
    expect(error).toMatchObject({ code: "invalid-definition", message: `experiment("tried"): ${says}` });
    // What was refused has left nothing behind.
    expect(lab.status().experiments).toEqual({});
    expect(lab.experiment("tried", { control, candidate })(3)).toBe(3);
  });

  it.each(accepted)("%s is taken", (_, options) => {
    expect(new Laboratory().experiment("tried", { ...sides, ...options } as never)(3)).toBe(3);
  });

  it.each([
    ["", '""'],
    ["  ", '"  "'],
    [5, "5"],
    [undefined, "undefined"],
  ])("the name %o is refused", (name, shown) => {
    const error = thrownBy(() => new Laboratory().experiment(name as string, { control, candidate }));
    const message = `experiment(${shown}): expected \`name\` to be a non-empty string, got ${shown}`;
    expect(error).toMatchObject({ code: "invalid-definition", message });
  });
});

describe("a laboratory with", () => {
  it.each(laboratories)("%s is refused", (_, options, says) => {
    const error = thrownBy(() => new Laboratory(options));
    expect(error).toBeInstanceOf(SidelaneError);
    expect((error as Error).message).toMatch(says);
  });
});
