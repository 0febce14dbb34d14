import { shorten } from "../model/visible-text.ts";
import { checkOptions } from "../model/check-options.ts";
import {
  aBoolean,
  aFunction,
  aNumber,
  aText,
  aWhole,
  orElse,
  settle,
  type OptionTable,
} from "../model/option-table.ts";
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

/** What `renderText` takes; every option has a default. */
export interface RenderTextOptions extends RenderOptions {
  /** Whether to color with ANSI escapes; `false` by default. */
  readonly color?: boolean;
  /** Columns; longer lines end in `…`. 100 by default. */
  readonly width?: number;
}

/** What `renderHtml` takes; every option has a default. */
export interface RenderHtmlOptions extends RenderOptions {
  /** Goes to the `<style>` element, for a content security policy that asks for one. */
  readonly nonce?: string;
  /** Whether to bring the stylesheet along; `true` by default. Without it, serve `renderStyles` yourself. */
  readonly style?: boolean;
}

const renderTable: OptionTable<RenderOptions, "contextLines" | "load"> = {
  contextLines: orElse(aWhole(), 3),
  load: orElse(aFunction, loadFormatter),
};

/** The options of `renderText`, with their defaults, as it checks them and as docs/options.md lists them. */
export const renderTextTable: OptionTable<RenderTextOptions, keyof RenderTextOptions> = {
  ...renderTable,
  color: orElse(aBoolean, false),
  width: orElse(aNumber({ min: 20 }), 100),
};

/** The options of `renderHtml`, with their defaults, as it checks them and as docs/options.md lists them. */
export const renderHtmlTable: OptionTable<RenderHtmlOptions, keyof RenderOptions | "style"> = {
  ...renderTable,
  nonce: aText,
  style: orElse(aBoolean, true),
};

/**
 * A result as a person reads it in a terminal: who did what, where the outcomes differ, and the differing places
 * with what stands around them. Shows values: make it from results that may be seen.
 *
 * Works on bounded copies; control characters of values are escaped. Never rejects for what a result holds.
 *
 * @throws {SidelaneError} `invalid-option` (the promise rejects), when an option is wrong
 */
export async function renderText(result: Result, options: RenderTextOptions = {}): Promise<string> {
  const settled = settle(checkOptions("renderText"), renderTextTable, options);
  const { color, width } = settled;
  const paint = color ? painted : plain;
  return writeText(await pageOf(result, settled, Math.min(200, width - 8)), width, (sign, text) =>
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
  const settled = settle(checkOptions("renderHtml"), renderHtmlTable, options);
  return writeHtml(await pageOf(result, settled, 200), settled);
}

function pageOf(result: Result, { contextLines, load }: Required<RenderOptions>, listLength: number): Promise<Page> {
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
