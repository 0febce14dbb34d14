import { describeDrawn, describeDrawnPair } from "../compare/copy/describe-value.ts";
import { tellMore, tellPath } from "../compare/copy/told-differences.ts";
import { systemClock, type Clock } from "../model/clock.ts";
import { checkOptions } from "../model/check-options.ts";
import { aClock, aFunction, aWhole, orElse, settle, where, type OptionTable } from "../model/option-table.ts";
import { shorten, visible } from "../model/visible-text.ts";
import type { Publisher } from "../model/publisher.ts";
import { kindOfCandidate, type Result, type ResultKind } from "../model/result.ts";
import { whenPresented } from "../records/present.ts";
import type { PresentedCandidate, PresentedDifference, PresentedResult } from "../records/record.ts";
import { kindsRule, privacyTable } from "../records/privacy-options.ts";
import { sentenceOfEvent, sentenceOfTally } from "../records/sentence.ts";
import { compileRedaction, type RedactOptions } from "../records/redaction.ts";

/** What `consolePublisher` takes; every option has a default. */
export interface ConsolePublisherOptions {
  /** Gets each text, of one or several lines and without a line break at its end; by default `console.log`. */
  readonly write?: (text: string) => void;
  /** `auto`, the default: only on a terminal, and not where `NO_COLOR` is set. */
  readonly color?: "auto" | boolean;
  /** How many results are printed in a minute; the rest is counted in one line. 60 by default. */
  readonly perMinute?: number;
  /** Whether values, error messages and the context are printed; `hidden` by default. */
  readonly values?: "shown" | "hidden";
  /** What is taken out of values that are shown, beside the usual secrets. */
  readonly redact?: RedactOptions;
  /** The kinds of results that are printed; only `mismatch` by default. */
  readonly kinds?: readonly ResultKind[];
  /** Where time comes from; the system by default. */
  readonly clock?: Clock;
}

const minuteMs = 60_000;
const differencesPrinted = 10;
const valueLength = 100;
// Of whole values only the context is printed, and of that one line.
const contextLimits = { nodes: 100, totalLength: 4_000 };

/**
 * Prints mismatches for a person: where control and the candidate differ, both sides, and how long each took; what happens to
 * rollouts; and at the end of each minute, where a rollout stands, its verdict and how many calls it served, if that has changed.
 *
 * Control characters of names and values are escaped. Needs no terminal and no Node.
 *
 * @throws {SidelaneError} `invalid-option`
 */
export function consolePublisher(options: ConsolePublisherOptions = {}): Publisher {
  const { write, perMinute, values, kinds, clock, color, redaction } = checked(options);
  const paint = painter(color);
  let printed = 0;
  let counted = 0;
  let minuteEndsMs = -Infinity;
  const told = new Map<string, string>();
  let cancel = (): void => undefined;

  function tellCounted(): void {
    cancel();
    if (counted === 0) return;
    const text = `sidelane: ${counted} more ${counted === 1 ? "result was" : "results were"} not printed (at most ${perMinute} a minute)`;
    counted = 0;
    write(paint("dim", text));
  }

  return {
    name: "console",
    kinds,
    publish(result) {
      const nowMs = clock.monotonic();
      if (nowMs >= minuteEndsMs) {
        tellCounted();
        printed = 0;
        minuteEndsMs = nowMs + minuteMs;
      }
      if (printed < perMinute) {
        printed += 1;
        return whenPresented(result, { values, redaction, limits: contextLimits }, (shown) =>
          write(describeResult(shown, result, paint)),
        );
      }
      if (counted++ === 0) cancel = clock.after(minuteEndsMs - nowMs, tellCounted);
      return undefined;
    },
    publishTally(tally) {
      if ("publishers" in tally) return;
      const text = sentenceOfTally(tally);
      if (text === undefined) return;
      // Where nobody was served, what stands as it stood is told once, and shadow without evidence is where all begin.
      const known = told.get(tally.experiment) ?? `${tally.experiment}: shadow, insufficient`;
      told.set(tally.experiment, text);
      if (text === known && tally.of!.answered + tally.of!.fellBack === 0) return;
      write(`${paint("strong", "rollout")}  ${text}`);
    },
    publishEvent: (event) => write(`${paint("strong", "rollout")}  ${sentenceOfEvent(event)}`),
    flush() {
      tellCounted();
      return Promise.resolve();
    },
    close() {
      tellCounted();
      return Promise.resolve();
    },
  };
}

/** The options of `consolePublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const consoleTable: OptionTable<ConsolePublisherOptions, Exclude<keyof ConsolePublisherOptions, "redact">> = {
  // Looked up at every line, so that a test or a host may replace the console's method.
  write: orElse(aFunction, (text: string) => console.log("%s", text)),
  color: orElse(
    where('"auto", true or false', (got) => got === "auto" || typeof got === "boolean"),
    "auto",
  ),
  perMinute: orElse(aWhole(), 60),
  kinds: orElse(kindsRule, ["mismatch"]),
  clock: orElse(aClock, systemClock),
  ...privacyTable,
};

type Checked = Required<Omit<ConsolePublisherOptions, "redact">> & { redaction: ReturnType<typeof compileRedaction> };

function checked(options: ConsolePublisherOptions): Checked {
  const check = checkOptions("consolePublisher");
  const { redact, ...settled } = settle(check, consoleTable, options);
  return { ...settled, redaction: compileRedaction(redact, "consolePublisher") };
}

// ---- the text

type Paint = (style: "bad" | "dim" | "strong", text: string) => string;

function describeResult(shown: PresentedResult, result: Result, paint: Paint): string {
  const lines = shown.candidates.flatMap((candidate) => [
    heading(shown, candidate, paint),
    ...reasons(candidate),
    ...(candidate.comparison.differences ?? [])
      .slice(0, differencesPrinted)
      .map((difference) => `  ${describeDifference(difference, paint)}`),
    ...more(candidate),
    paint(
      "dim",
      `  control ${milliseconds(shown.control.durationMs)}, ${oneLine(candidate.name)} ${milliseconds(candidate.durationMs)}`,
    ),
  ]);
  if (Object.keys(result.context).length > 0 && "context" in shown) {
    lines.push(paint("dim", `  context ${describeDrawn(shown.context, 200)}`));
  }
  return lines.join("\n");
}

function heading({ experiment, kind }: PresentedResult, candidate: PresentedCandidate, paint: Paint): string {
  const { name, comparison } = candidate;
  const word = kindOfCandidate(candidate);
  const who = `${paint("strong", oneLine(experiment))} (${oneLine(name)})`;
  return `${paint(kind === "mismatch" ? "bad" : "dim", word)}  ${who}${comparison.signature === undefined ? "" : paint("dim", `  ${oneLine(comparison.signature)}`)}`;
}

function reasons({ comparison }: PresentedCandidate): string[] {
  if (comparison.rule !== undefined) return [`  by the rule ${oneLine(comparison.rule)}`];
  if (comparison.reason === undefined) return [];
  const { error } = comparison;
  if (error === undefined) return [`  ${oneLine(comparison.reason)}`];
  return [
    `  ${oneLine(comparison.reason)}: ${"value" in error ? describeDrawn(error.value, 200) : oneLine(error.name)}`,
  ];
}

function describeDifference(difference: PresentedDifference, paint: Paint): string {
  const where = `${paint("strong", tellPath(difference.path))}  ${difference.kind}`;
  const [control, candidate] = sidesOf(difference);
  if (control === undefined || candidate === undefined) return `${where}  ${control ?? candidate ?? ""}`.trimEnd();
  // Of two hidden values of one type, saying the type once says all.
  if (control === candidate && !("control" in difference)) return `${where}  ${control}`;
  return `${where}  ${control} → ${candidate}`;
}

function sidesOf(difference: PresentedDifference): readonly [string | undefined, string | undefined] {
  const { control, candidate, controlType, candidateType } = difference;
  const [ours, theirs] = ["control" in difference, "candidate" in difference];
  if (ours && theirs) return describeDrawnPair(control, candidate, valueLength);
  return [
    ours ? describeDrawn(control, valueLength) : controlType,
    theirs ? describeDrawn(candidate, valueLength) : candidateType,
  ];
}

function more({ comparison }: PresentedCandidate): string[] {
  const told = tellMore(comparison, differencesPrinted);
  return told === undefined ? [] : [`  ${told}`];
}

function oneLine(text: string): string {
  return shorten(visible(text), 200);
}

function milliseconds(durationMs: number): string {
  return `${durationMs < 10 ? durationMs.toFixed(2) : durationMs.toFixed(0)} ms`;
}

const codes = { bad: [31, 39], dim: [2, 22], strong: [1, 22] } as const;

function painter(color: "auto" | boolean): Paint {
  const on = color === "auto" ? onTerminal() : color;
  return (style, text) => (on ? `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m` : text);
}

// Asked of the global and not imported, since browsers and workers have neither.
function onTerminal(): boolean {
  const { process } = globalThis as {
    process?: { stdout?: { isTTY?: boolean }; env?: Record<string, string | undefined> };
  };
  return process?.stdout?.isTTY === true && !process.env?.["NO_COLOR"];
}
