/** A text, or the value of an attribute, that is another: the node's number, the attribute or `""`, where, how much goes, and what comes. */
export type NodeChange = readonly [node: number, attribute: string, at: number, dropped: number, added: string];

/**
 * Elements and texts of a page's body in the order of the document, as the page's own script counts them: blank texts are none. The body has
 * no form, since forms are a person's own, and is what `bodyOf` made.
 */
export function nodesOf(body: string): readonly string[] {
  const nodes: string[] = [];
  for (let at = 0; at < body.length;) {
    const open = body.indexOf("<", at);
    const text = body.slice(at, open < 0 ? body.length : open);
    if (text.trim() !== "") nodes.push(text);
    if (open < 0) break;
    at = body.indexOf(">", open) + 1;
    if (body[open + 1] !== "/") nodes.push(body.slice(open, at));
  }
  return nodes;
}

/**
 * What is another in the later of two pages that are made alike; `undefined` where elements came, went or stand in another order, and the page
 * has to be loaded anew.
 */
export function changesOf(before: readonly string[], after: readonly string[]): readonly NodeChange[] | undefined {
  if (before.length !== after.length) return undefined;
  const changes: NodeChange[] = [];
  for (let index = 0; index < after.length; index++) {
    const [one, other] = [before[index]!, after[index]!];
    if (one === other) continue;
    const isElement = one.startsWith("<");
    // A kind of mismatch is known by its code: another one there is another order of rows.
    if (isElement !== other.startsWith("<") || before[index - 1]?.startsWith("<code")) return undefined;
    if (!isElement) {
      changes.push([index, "", ...cutOf(decoded(one), decoded(other))]);
      continue;
    }
    const [old, present] = [attributesOf(one), attributesOf(other)];
    if (old.head !== present.head || old.values.length !== present.values.length) return undefined;
    for (const [place, [name, value]] of present.values.entries()) {
      const [known, was] = old.values[place]!;
      if (known !== name || (value !== was && fixed.has(name))) return undefined;
      if (value !== was) changes.push([index, name, ...cutOf(was, value)]);
    }
  }
  return changes;
}

// Links lead to these, and what a person opened belongs to them.
const fixed: ReadonlySet<string> = new Set(["id", "href", "data-of"]);

function attributesOf(tag: string): { readonly head: string; readonly values: readonly (readonly [string, string])[] } {
  const values = [...tag.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, decoded(value!)] as const);
  return { head: /^<[^ />]*/.exec(tag)![0], values };
}

/** What is between the beginning and the end that both texts have. */
function cutOf(before: string, after: string): readonly [at: number, dropped: number, added: string] {
  const most = Math.min(before.length, after.length);
  let at = 0;
  while (at < most && before[at] === after[at]) at++;
  let end = 0;
  while (end < most - at && before.at(-1 - end) === after.at(-1 - end)) end++;
  return [at, before.length - at - end, after.slice(at, after.length - end)];
}

const signs: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" };

function decoded(text: string): string {
  return text.includes("&") ? text.replace(/&(lt|gt|amp|quot|#39);/g, (_, name: string) => signs[name]!) : text;
}
