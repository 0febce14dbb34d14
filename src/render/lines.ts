import { writeDrawn } from "../compare/copy/describe-value.ts";
import { aroundDifference, visible } from "../model/visible-text.ts";
import type { Delta } from "./differ.ts";

/** One line of a drawing. */
export interface Line {
  /** ` ` unchanged, `-` control's, `+` the candidate's, `~` a note about what is not shown. */
  readonly sign: " " | "-" | "+" | "~";
  readonly indent: number;
  /** Safe to print: control characters are escaped. */
  readonly text: string;
}

type Keyed = Readonly<Record<string, unknown>>;

/** Draws what differs, with what stands around it. `left` is control's preview. */
export function drawLines(delta: Delta, left: unknown, contextLines: number): Line[] {
  const lines: Line[] = [];
  drawPart("", left, delta, 0, lines);
  return fold(lines, contextLines);
}

function drawPart(label: string, left: unknown, delta: unknown, indent: number, lines: Line[]): void {
  const add = (sign: Line["sign"], text: string): void => {
    lines.push({ sign, indent, text: visible(`${label}${text}`) });
  };
  if (delta === undefined) {
    add(" ", writeDrawn(left));
    return;
  }
  if (!Array.isArray(delta)) {
    drawInside(label, left, delta as Keyed, indent, lines);
    return;
  }
  const [first, second] = delta as readonly unknown[];
  if (delta.length === 1) add("+", writeDrawn(first));
  else if (delta.length === 2) {
    const [before, after] = writePair(first, second);
    add("-", before);
    add("+", after);
  } else add("-", writeDrawn(first));
}

/** Two strings are cut where they begin to differ; all else is written whole. */
function writePair(control: unknown, candidate: unknown): readonly [string, string] {
  if (typeof control !== "string" || typeof candidate !== "string") return [writeDrawn(control), writeDrawn(candidate)];
  return aroundDifference(control, candidate, 60).map((text) => JSON.stringify(text)) as [string, string];
}

function drawInside(label: string, left: unknown, delta: Keyed, indent: number, lines: Line[]): void {
  const list = delta._t === "a";
  lines.push({ sign: " ", indent, text: visible(`${label}${list ? "[" : "{"}`) });
  if (list) drawElements(left as readonly unknown[], delta, indent + 1, lines);
  else {
    const parts = left as Keyed;
    for (const key of new Set([...Object.keys(parts), ...Object.keys(delta)])) {
      const change = Object.hasOwn(delta, key) ? delta[key] : undefined;
      drawPart(`${writeName(key)}: `, Object.hasOwn(parts, key) ? parts[key] : undefined, change, indent + 1, lines);
    }
  }
  lines.push({ sign: " ", indent, text: list ? "]" : "}" });
}

/** A list's delta names control's elements that are gone `_3`, and all others by the candidate's position. */
function drawElements(left: readonly unknown[], delta: Keyed, indent: number, lines: Line[]): void {
  const gone = (index: number): boolean => Object.hasOwn(delta, `_${index}`);
  const last = Math.max(
    -1,
    ...Object.keys(delta)
      .filter((key) => /^\d+$/.test(key))
      .map(Number),
  );
  let from = 0;
  for (let to = 0; from < left.length || to <= last; to++) {
    for (; from < left.length && gone(from); from++) {
      drawPart(`[${from}] `, left[from], delta[`_${from}`], indent, lines);
    }
    const change = delta[to];
    const isNew = Array.isArray(change) && change.length === 1;
    if (!isNew && from >= left.length) {
      if (to > last) break;
      continue;
    }
    drawPart(`[${isNew ? to : from}] `, isNew ? undefined : left[from], change, indent, lines);
    if (!isNew) from++;
  }
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
