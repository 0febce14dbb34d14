import { isDeepStrictEqual } from "node:util";
import type { Page } from "./corpus.ts";
import { treeOf } from "./tree.ts";

type Render = (page: Page) => string;

/** Which of two renderers does what the CommonMark specification says. */
export interface SpecVerdict {
  readonly examples: number;
  readonly oldRight: number;
  readonly newRight: number;
  /** Where the two differ, and who is right there. */
  readonly disputed: readonly { readonly id: string; readonly right: "old" | "new" | "neither" }[];
}

/** Judges by the expected HTML of the specification, as trees; owes nothing to the experiment. */
export function askSpec(pages: readonly Page[], renderOld: Render, renderNew: Render): SpecVerdict {
  const judged = pages.flatMap((page) => {
    if (page.expected === undefined) return [];
    const expected = treeOf(page.expected);
    const [before, after] = [treeOf(renderOld(page)), treeOf(renderNew(page))];
    const oldRight = isDeepStrictEqual(before, expected);
    const newRight = isDeepStrictEqual(after, expected);
    return [{ id: page.id, oldRight, newRight, same: isDeepStrictEqual(before, after) }];
  });
  return {
    examples: judged.length,
    oldRight: judged.filter(({ oldRight }) => oldRight).length,
    newRight: judged.filter(({ newRight }) => newRight).length,
    disputed: judged
      .filter(({ same }) => !same)
      .map(({ id, oldRight, newRight }) => ({
        id,
        right:
          oldRight ? "old"
          : newRight ? "new"
          : "neither",
      })),
  };
}
