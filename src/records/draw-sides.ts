import type { PreviewLimits } from "../compare/copy/preview.ts";
import type { Difference } from "../model/comparison.ts";
import { aroundDifference, firstDifferenceOf } from "../model/visible-text.ts";

/** Draws and redacts a value, or the part of one at a path. */
export type Draw = (value: unknown, path?: string, limits?: PreviewLimits) => unknown;

const stringLength = 500;

/** How much is drawn of one side of a difference. */
export const sideLimits: PreviewLimits = { nodes: 100, depth: 6, stringLength, totalLength: 4_000 };

// What a redaction sees around a place, to know a secret by its shape: the longest begin far before it.
const seenBefore = 12_000;
const seenBehind = 4_500;
// What is cut in two where that ends is not known for a secret, and not shown.
const margin = 2_048;
const seenLimits: PreviewLimits = { stringLength: seenBefore + seenBehind, totalLength: seenBefore + seenBehind };

/**
 * Both sides of a difference as they may be passed on. Of two long texts that is what stands around their first difference: redacted
 * first, and cut then.
 *
 * @param under the path that says what is redacted
 */
export function drawSides(
  difference: Difference,
  under: string | undefined,
  draw: Draw,
): { control?: unknown; candidate?: unknown } {
  const { control, candidate } = difference;
  if (typeof control === "string" && typeof candidate === "string" && isLong(control, candidate)) {
    // A place that is redacted is so as a whole: what stands for it is made of the same text everywhere.
    if (draw(probe, under) === probe) return drawTexts(control, candidate, under, draw);
  }
  return {
    ...("control" in difference && { control: draw(control, under, sideLimits) }),
    ...("candidate" in difference && { candidate: draw(candidate, under, sideLimits) }),
  };
}

const probe = "?";

const isLong = (control: string, candidate: string): boolean =>
  Math.max(control.length, candidate.length) > stringLength;

function drawTexts(
  control: string,
  candidate: string,
  under: string | undefined,
  draw: Draw,
): { control: unknown; candidate: unknown } {
  const first = firstDifferenceOf(control, candidate);
  const ours = drawAround(control, first, under, draw);
  const theirs = drawAround(candidate, first, under, draw);
  // Two characters are for the marks where it is cut.
  const cut = aroundDifference(ours, theirs, stringLength - 2);
  return { control: cut[0], candidate: cut[1] };
}

function drawAround(text: string, first: number, under: string | undefined, draw: Draw): string {
  const start = Math.max(0, first - seenBefore);
  const end = Math.min(text.length, first + seenBehind);
  const drawn = String(draw(text.slice(start, end), under, seenLimits));
  const from = start > 0 ? margin : 0;
  const to = end < text.length ? Math.max(from, drawn.length - margin) : drawn.length;
  return `${start > 0 ? "…" : ""}${drawn.slice(from, to)}${end < text.length ? "…" : ""}`;
}
