import { shorten } from "../model/visible-text.ts";
import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import type { Result } from "../model/result.ts";
import { loadFormatter, type FormatterModule } from "./formatter.ts";
import { writeHtml } from "./html.ts";
import { tellPath, type ToldDifference } from "../compare/copy/told-differences.ts";
import type { Line } from "./lines.ts";
import { makePage, type Page } from "./page.ts";

export type { DeltaFormatter, FormatterModule } from "./formatter.ts";
export { renderStyles } from "./html.ts";

/** What both forms take. */
export interface RenderOptions {
  /** Unchanged lines shown around each change; 3 by default. */
  readonly contextLines?: number;
  /**
   * Returns the module `jsondiffpatch/formatters/base`; by default it is imported when first needed. Without it, the list of
   * differences is all there is.
   */
  readonly load?: () => PromiseLike<FormatterModule>;
}

export interface RenderTextOptions extends RenderOptions {
  /** Whether to color with ANSI escapes; `false` by default. */
  readonly color?: boolean;
  /** Columns; longer lines end in `…`. 100 by default. */
  readonly width?: number;
}

export interface RenderHtmlOptions extends RenderOptions {
  /** Goes to the `<style>` element, for a content security policy that asks for one. */
  readonly nonce?: string;
  /** Whether to bring the stylesheet along; `true` by default. Without it, serve `renderStyles` yourself. */
  readonly style?: boolean;
}

/**
 * A result as a person reads it in a terminal: who did what, where the outcomes differ, and the differing places
 * with what stands around them. Shows values: make it from results that may be seen.
 *
 * Works on bounded copies; control characters of values are escaped. Never rejects for what a result holds.
 *
 * @throws {SidelaneError} `invalid-option` (the promise rejects), when an option is wrong
 */
export async function renderText(result: Result, options: RenderTextOptions = {}): Promise<string> {
  const check: OptionCheck = checkOptions("renderText");
  check.known(options, ["contextLines", "load", "color", "width"]);
  const { color = false, width = 100 } = options;
  check.boolean("color", color);
  check.number("width", width, { min: 20 });
  const paint = color ? painted : plain;
  return writeText(await pageOf(result, options, check, Math.min(200, width - 8)), width, (sign, text) =>
    paint(sign, shorten(text, width)),
  );
}

/**
 * The same as an HTML fragment: one `<section class="sidelane">`, and its stylesheet before it. Everything is escaped, and there
 * are no scripts, handlers, inline styles or links, so that it may stand under a strict content security policy.
 *
 * @throws {SidelaneError} `invalid-option` (the promise rejects), when an option is wrong
 */
export async function renderHtml(result: Result, options: RenderHtmlOptions = {}): Promise<string> {
  const check: OptionCheck = checkOptions("renderHtml");
  check.known(options, ["contextLines", "load", "nonce", "style"]);
  if (options.nonce !== undefined) check.text("nonce", options.nonce);
  if (options.style !== undefined) check.boolean("style", options.style);
  return writeHtml(await pageOf(result, options, check, 200), options);
}

function pageOf(
  result: Result,
  { contextLines = 3, load = loadFormatter }: RenderOptions,
  check: OptionCheck,
  listLength: number,
): Promise<Page> {
  check.number("contextLines", contextLines, { integer: true });
  check.function("load", load);
  return makePage(result, { contextLines, load, listLength });
}

type Sign = Line["sign"] | "#";
type Paint = (sign: Sign, text: string) => string;

const plain: Paint = (_, text) => text;
const ansi: Readonly<Record<Sign, string>> = { "#": "1", "-": "31", "+": "32", "~": "2", " ": "0" };
const painted: Paint = (sign, text) => (sign === " " ? text : `\u001b[${ansi[sign]}m${text}\u001b[0m`);

function writeText(page: Page, width: number, line: Paint): string {
  const facts = (list: Page["facts"]): string[] => list.map(([name, fact]) => line(" ", `  ${name.padEnd(9)} ${fact}`));
  const lines = [line("#", page.title), ...facts(page.facts)];
  for (const { title, facts: own, differences, more, known, drawing } of page.candidates) {
    // What a rule knows is dimmed, like a note.
    const paint: Paint = known ? (_, text) => line("~", text) : line;
    lines.push("", line("#", title), ...facts(own));
    lines.push(...differences.flatMap((difference) => listed(difference, width, paint)));
    if (more !== undefined) lines.push(line("~", `  ${more}`));
    if (drawing.length > 0) lines.push("");
    for (const { sign, indent, text } of drawing) {
      lines.push(paint(sign, `  ${sign === "~" ? " " : sign} ${"  ".repeat(indent)}${text}`));
    }
  }
  return `${lines.join("\n")}\n`;
}

function listed({ path, kind, control, candidate }: ToldDifference, width: number, line: Paint): string[] {
  const lines = [line(" ", `  ${tellPath(path, width - kind.length - 5)} (${kind})`)];
  if (control !== undefined) lines.push(line("-", `    - ${control}`));
  if (candidate !== undefined) lines.push(line("+", `    + ${candidate}`));
  return lines;
}
