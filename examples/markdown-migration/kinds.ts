import type { Difference, Result } from "sidelane";

/** Mismatches that have one cause, by its name. */
export interface Kind {
  readonly name: string;
  readonly count: number;
  /** The signatures that fall into it. */
  readonly signatures: readonly string[];
  readonly example: { readonly page: string; readonly differences: readonly Difference[] };
}

// The first one that knows a path or value among the differences names the kind. Anything else keeps its signature.
const causes: readonly { readonly name: string; readonly knows: RegExp }[] = [
  { name: "the HTML as text, whether or not a browser shows it", knows: /^\$ value/ },
  { name: "table alignment: `align` or `style`", knows: /\.(th|td)\.attributes\.(align|style)/ },
  { name: "task lists: a checkbox or its text", knows: /\.input |\[[ x]\]/ },
  { name: "strikethrough: `<del>` or `<s>`", knows: /\.(del|s) / },
  { name: "e-mail addresses: linked or plain", knows: /mailto:|[\w.]+@[\w^.]+/ },
  { name: "link targets: percent-encoding, and where a bare link ends", knows: /\.a\.attributes\.href/ },
  { name: "white space, or other text", knows: /\.text\.value value|\{"text":\{"depth":\d+,"value":" "/ },
];

/** The kinds of mismatch among results, the most frequent first. */
export function kindsOf(results: readonly Result[]): readonly Kind[] {
  const kinds = new Map<string, Result[]>();
  for (const result of results) {
    if (result.kind !== "mismatch") continue;
    const name = nameOf(result);
    kinds.set(name, [...(kinds.get(name) ?? []), result]);
  }
  return [...kinds]
    .map(([name, members]) => ({
      name,
      count: members.length,
      signatures: [...new Set(members.map(signatureOf))],
      example: { page: String(members[0]!.context["page"]), differences: differencesOf(members[0]!) },
    }))
    .sort((a, b) => b.count - a.count);
}

function nameOf(result: Result): string {
  const told = differencesOf(result).map(
    ({ path, kind, control, candidate }) => `${path} ${kind} ${JSON.stringify(control)} ${JSON.stringify(candidate)}`,
  );
  const cause = causes.find(({ knows }) => told.some((line) => knows.test(line)));
  return cause?.name ?? `not named yet: ${signatureOf(result)}`;
}

function differencesOf({ candidates: [{ comparison }] }: Result): readonly Difference[] {
  return comparison.kind === "mismatch" ? comparison.differences : [];
}

function signatureOf({ candidates: [{ comparison }] }: Result): string {
  return comparison.kind === "mismatch" ? comparison.signature : "";
}
