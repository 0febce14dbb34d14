import { type OptionCheck } from "../../model/check-options.ts";
import { entrySegment, PathMistake, readSegment, type PathSegment } from "./paths.ts";

/**
 * A step of a pattern: a literal segment, or what stands for many.
 *
 * - `any`: `.*` or `[*]`, one step of any kind
 * - `deep`: `**`, any number of steps, also none
 */
export type PatternStep =
  { readonly step: "is"; readonly segment: PathSegment } | { readonly step: "any" } | { readonly step: "deep" };

/**
 * Reads a pattern: a path in which `*` stands for one step and `**` for any number of them. It starts with `$`, the
 * value itself, or with `**`.
 *
 * Fails at definition, with the position of the mistake.
 */
export function parsePattern(text: unknown, option: string, check: OptionCheck): PatternStep[] {
  if (typeof text !== "string") check.fail(option, 'a path pattern such as "$.items[*].price" or "**.updatedAt"', text);
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof PathMistake)) throw error;
    return check.fail(
      option,
      "a path pattern",
      text,
      `At position ${error.at}: ${error.message}\n  ${text}\n  ${" ".repeat(error.at)}^\n`,
    );
  }
}

function read(text: string): PatternStep[] {
  const steps: PatternStep[] = [];
  let at = 0;
  if (text.startsWith("**")) {
    steps.push({ step: "deep" });
    at = 2;
  } else if (text.startsWith("$")) at = 1;
  else throw new PathMistake("a pattern starts with `$` (the value itself) or `**` (anywhere)", 0);
  while (at < text.length) {
    if (text.startsWith(".**", at)) {
      if (steps.at(-1)?.step === "deep") throw new PathMistake("`**` after `**` says nothing more", at);
      steps.push({ step: "deep" });
      at += 3;
    } else if (text.startsWith(".*", at)) {
      steps.push({ step: "any" });
      at += 2;
    } else if (text.startsWith("[*]", at)) {
      steps.push({ step: "any" });
      at += 3;
    } else {
      const { segment, end } = readSegment(text, at);
      steps.push({ step: "is", segment: typeof segment === "object" ? asWritten(segment, at) : segment });
      at = end;
    }
  }
  return steps;
}

const literal = /^(?:-?\d+n|true|false|null|undefined|NaN|-?Infinity|#\d+|"[^]*")$/;

/** An entry as paths name it: what they never write down would never be found. */
function asWritten(segment: Exclude<PathSegment, string | number>, at: number): PathSegment {
  const { entry, of } = segment;
  const isNumber = String(Number(of)) === of;
  if (!isNumber && !literal.test(of)) {
    throw new PathMistake(`expected \`"a"\`, \`3\`, \`1n\` or \`null\`; quote it: ${JSON.stringify(of)}`, at + 1);
  }
  if (entry === "symbol") {
    if (!of.startsWith('"')) throw new PathMistake(`a symbol is quoted: [@@${JSON.stringify(of)}]`, at + 1);
    return { entry, of: JSON.stringify(JSON.parse(of)) };
  }
  return of.startsWith('"') ? entrySegment(entry, JSON.parse(of) as string, 0) : segment;
}
