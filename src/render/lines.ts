import { describeDrawnPair, writeDrawn } from "../compare/copy/describe-value.ts";
import { visible } from "../model/visible-text.ts";
import type { Drawable } from "./delta.ts";
import { readDelta, type FormatterModule } from "./formatter.ts";

/** One line of a drawing. */
export interface Line {
  /** ` ` unchanged, `-` control's, `+` the candidate's, `~` a note about what is not shown. */
  readonly sign: " " | "-" | "+" | "~";
  readonly indent: number;
  /** Safe to print: control characters are escaped. */
  readonly text: string;
}

/** Draws what differs, with what stands around it. `left` is control's preview. */
export function drawLines(
  { delta, notes, undrawn }: Drawable,
  left: unknown,
  contextLines: number,
  module: FormatterModule,
): Line[] {
  const lines: Line[] = [];
  const labels: string[] = [];
  const list: boolean[] = [];
  const add = (sign: Line["sign"], text: string): void => {
    lines.push({ sign, indent: list.length, text: visible(`${sign === "~" ? "" : (labels.at(-1) ?? "")}${text}`) });
  };
  readDelta(module, delta, left, {
    enter: (key) => void labels.push(list.at(-1) === true ? `[${key}] ` : `${writeName(String(key))}: `),
    leave: () => void labels.pop(),
    open(isList, node) {
      add(" ", isList ? "[" : "{");
      list.push(isList);
      for (const note of notes.get(node) ?? []) add("~", `… ${note}`);
    },
    close(isList) {
      list.pop();
      lines.push({ sign: " ", indent: list.length, text: isList ? "]" : "}" });
    },
    unchanged: (part) => add(" ", writeDrawn(part)),
    added: (part) => add("+", writeDrawn(part)),
    removed: (part) => add("-", writeDrawn(part)),
    changed(control, candidate) {
      const [before, after] = writePair(control, candidate);
      lines.push({ sign: "-", indent: list.length, text: `${visible(labels.at(-1) ?? "")}${before}` });
      lines.push({ sign: "+", indent: list.length, text: `${visible(labels.at(-1) ?? "")}${after}` });
    },
  });
  const folded = fold(lines, contextLines);
  if (undrawn > 0)
    folded.push({
      sign: "~",
      indent: 0,
      text: `… ${undrawn} of the differences listed ${undrawn === 1 ? "is" : "are"} not drawn`,
    });
  return folded;
}

/** Two strings are cut where they begin to differ; all else is written whole, unless it is long and looks the same then. */
function writePair(control: unknown, candidate: unknown): readonly [string, string] {
  const texts = typeof control === "string" && typeof candidate === "string";
  return describeDrawnPair(control, candidate, texts ? 64 : 4_000);
}

const writeName = (key: string): string => {
  const name = key.startsWith("$$") ? key.slice(1) : key;
  return /^(?:[\w$]+|\[\d+\])$/.test(name) ? name : JSON.stringify(name);
};

/** Leaves out unchanged lines that are far from every change. */
function fold(lines: readonly Line[], contextLines: number): Line[] {
  const near = new Uint8Array(lines.length);
  lines.forEach(({ sign }, index) => {
    if (sign === " ") return;
    for (let at = Math.max(0, index - contextLines); at <= Math.min(lines.length - 1, index + contextLines); at++)
      near[at] = 1;
  });
  // What a change is inside of stays, from its beginning to its end, or nobody would know where it is.
  const positions = lines.map((_, index) => index);
  keepAround(positions, lines, near);
  keepAround(positions.reverse(), lines, near);
  const shown: Line[] = [];
  for (let index = 0; index < lines.length; index++) {
    if (near[index]) shown.push(lines[index]!);
    else {
      let end = index;
      while (end < lines.length && !near[end]) end++;
      shown.push({ sign: "~", indent: lines[index]!.indent, text: `… ${end - index} unchanged` });
      index = end - 1;
    }
  }
  return shown;
}

/** Going away from each shown line, shows every line that stands further out than all before it. */
function keepAround(positions: readonly number[], lines: readonly Line[], near: Uint8Array): void {
  let inside = 0;
  for (const index of positions) {
    const { indent } = lines[index]!;
    if (!near[index] && indent >= inside) continue;
    near[index] = 1;
    inside = indent;
  }
}
