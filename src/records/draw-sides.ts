import type { PreviewLimits } from "../compare/copy/preview.ts";
import type { Difference } from "../model/comparison.ts";
import { aroundDifference } from "../model/visible-text.ts";

/** Draws and redacts a value, or the part of one at a path. */
export type Draw = (value: unknown, path?: string, limits?: PreviewLimits) => unknown;

const stringLength = 500;
const sideLimits: PreviewLimits = { nodes: 100, depth: 6, stringLength, totalLength: 4_000 };
// What a redaction has to see around a place to know a secret by its shape.
const redactedLength = 16_000;
const textLimits: PreviewLimits = { stringLength: 2 * redactedLength, totalLength: 2 * redactedLength };

/** Both sides of a difference as they may be passed on. Of two long texts that is what stands around their first difference. */
export function drawSides(difference: Difference, draw: Draw): { control?: unknown; candidate?: unknown } {
  const { path, control, candidate } = difference;
  if (typeof control === "string" && typeof candidate === "string") {
    const [ours, theirs] = aroundDifference(control, candidate, redactedLength).map((text) =>
      draw(text, path, textLimits),
    );
    // A redaction may put something else than a text there.
    if (typeof ours !== "string" || typeof theirs !== "string") return { control: ours, candidate: theirs };
    const cut = aroundDifference(ours, theirs, stringLength);
    return { control: cut[0], candidate: cut[1] };
  }
  return {
    ...("control" in difference && { control: draw(control, path, sideLimits) }),
    ...("candidate" in difference && { candidate: draw(candidate, path, sideLimits) }),
  };
}
