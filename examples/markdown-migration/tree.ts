import { type DefaultTreeAdapterMap, parseFragment } from "parse5";

type Html = DefaultTreeAdapterMap["childNode"];

/**
 * One node of a page under its own name, such as `{ a: { depth: 2, attributes: { href: "/x" } } }` or
 * `{ text: { depth: 3, value: "Home" } }`, so that the path of a difference says what kind of node differs.
 */
export type TreeNode = Readonly<
  Record<string, { depth: number; value: string } | { depth: number; attributes: Readonly<Record<string, string>> }>
>;

/**
 * A page as a browser shows it: its nodes in document order, whose depths make it a tree.
 *
 * Comments and white space that are not shown are gone, and so is the difference between `&quot;` and `"`, `<br>` and `<br />`, or one
 * order of attributes and another.
 */
export function treeOf(html: string): readonly TreeNode[] {
  const nodes: TreeNode[] = [];
  collect(parseFragment(html).childNodes, { depth: 0, block: true, preformatted: false }, nodes);
  return nodes;
}

interface Place {
  readonly depth: number;
  /** Whether the parent stands on lines of its own, so that white space at its edges is not shown. */
  readonly block: boolean;
  readonly preformatted: boolean;
}

function collect(siblings: readonly Html[], place: Place, into: TreeNode[]): void {
  const { depth } = place;
  const visible = withoutComments(siblings);
  visible.forEach((node, index) => {
    if ("value" in node) {
      const value = place.preformatted ? node.value : shown(node.value, place, visible[index - 1], visible[index + 1]);
      if (value !== "") into.push({ text: { depth, value } });
    } else if ("childNodes" in node) {
      const attributes = Object.fromEntries(node.attrs.map(({ name, value }) => [name, value]));
      into.push({ [node.tagName]: { depth, attributes } });
      const preformatted = place.preformatted || node.tagName === "pre";
      collect(node.childNodes, { depth: depth + 1, block: isBlock(node), preformatted }, into);
    }
  });
}

function withoutComments(siblings: readonly Html[]): readonly Html[] {
  const visible: Html[] = [];
  for (const node of siblings) {
    if (node.nodeName === "#comment") continue;
    const last = visible.at(-1);
    // What a comment parted reads as one text.
    if ("value" in node && last !== undefined && "value" in last) {
      visible[visible.length - 1] = { ...last, value: last.value + node.value };
    } else visible.push(node);
  }
  return visible;
}

function shown(text: string, { block }: Place, before: Html | undefined, after: Html | undefined): string {
  let value = text.replace(/[ \t\n\r\f]+/g, " ");
  if (before === undefined ? block : isBlock(before)) value = value.trimStart();
  if (after === undefined ? block : isBlock(after)) value = value.trimEnd();
  return value;
}

// Elements that HTML's standard style sheet shows inside a line; all others break it.
const inline = new Set(
  "a abbr b bdi bdo button cite code data del dfn em i iframe img input ins kbd label mark q s samp small span strong sub sup svg time tt u var".split(
    " ",
  ),
);

function isBlock(node: Html): boolean {
  return "tagName" in node && !inline.has(node.tagName);
}
