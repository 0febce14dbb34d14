import { escapeHtml } from "../model/escape-html.ts";
import type { Line } from "./lines.ts";
import type { ToldDifference } from "../compare/copy/told-differences.ts";
import type { Page } from "./page.ts";

/** The stylesheet of `renderHtml`, for pages that serve their styles themselves. */
export const renderStyles: string = `.sidelane { font: 14px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; padding: 1em; }
.sidelane h2, .sidelane h3 { font-size: 1.1em; margin: 1em 0 .5em; }
.sidelane h2 { margin-top: 0; }
.sidelane dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; margin: 0; }
.sidelane dt { color: #59636e; }
.sidelane dd { margin: 0; overflow-wrap: anywhere; }
.sidelane code, .sidelane pre { font: 13px/1.5 ui-monospace, monospace; }
.sidelane table { border-collapse: collapse; margin: 1em 0; width: 100%; table-layout: fixed; }
.sidelane th, .sidelane td { border: 1px solid #d1d9e0; padding: .25em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.sidelane th:nth-child(1) { width: 30%; }
.sidelane th:nth-child(2) { width: 6em; }
.sidelane pre { border: 1px solid #d1d9e0; margin: 1em 0; padding: .5em; white-space: pre-wrap; overflow-wrap: anywhere; }
.sidelane-removed { background: #ffebe9; color: #82071e; }
.sidelane-added { background: #dafbe1; color: #116329; }
.sidelane-note { color: #59636e; }
.sidelane td code, .sidelane dd { white-space: pre-wrap; unicode-bidi: isolate; }
.sidelane-known { opacity: .6; }
`;

const classes: Readonly<Record<Line["sign"], string | undefined>> = {
  " ": undefined,
  "-": "sidelane-removed",
  "+": "sidelane-added",
  "~": "sidelane-note",
};

export function writeHtml(
  page: Page,
  { nonce, style = true }: { readonly nonce?: string; readonly style?: boolean },
): string {
  const sheet =
    style ? `<style${nonce === undefined ? "" : ` nonce="${escapeHtml(nonce)}"`}>\n${renderStyles}</style>\n` : "";
  const parts = page.candidates.map(({ title, facts, differences, more, known, drawing }) =>
    [
      `<h3>${escapeHtml(title)}</h3>`,
      writeFacts(facts),
      writeTable(differences, known),
      more === undefined ? "" : `<pre class="sidelane-note">${escapeHtml(more)}</pre>`,
      writeDrawing(drawing, known),
    ]
      .filter(Boolean)
      .join("\n"),
  );
  return `${sheet}<section class="sidelane">\n<h2>${escapeHtml(page.title)}</h2>\n${writeFacts(page.facts)}\n${parts.join("\n")}\n</section>\n`;
}

function writeFacts(facts: Page["facts"]): string {
  return `<dl>${facts.map(([name, fact]) => `<dt>${escapeHtml(name)}</dt><dd>${writeText(fact)}</dd>`).join("\n")}</dl>`;
}

function writeTable(differences: readonly ToldDifference[], known: boolean): string {
  if (differences.length === 0) return "";
  const cell = (name: string, text: string | undefined): string =>
    text === undefined ? "<td></td>" : `<td class="${name}"><code>${writeText(text)}</code></td>`;
  const rows = differences.map(
    ({ path, kind, control, candidate }) =>
      `<tr><td><code>${writeText(path)}</code></td><td>${escapeHtml(kind)}</td>` +
      `${cell("sidelane-removed", control)}${cell("sidelane-added", candidate)}</tr>`,
  );
  const head = ["where", "kind", "control", "candidate"].map((name) => `<th scope="col">${name}</th>`).join("");
  return `<table${known ? knownClass : ""}><thead><tr>${head}</tr></thead><tbody>\n${rows.join("\n")}\n</tbody></table>`;
}

const knownClass = ' class="sidelane-known"';

function writeDrawing(drawing: readonly Line[], known: boolean): string {
  if (drawing.length === 0) return "";
  const lines = drawing.map(({ sign, indent, text }) => {
    const line = writeText(`${sign === "~" ? " " : sign} ${"  ".repeat(indent)}${text}`);
    const name = classes[sign];
    return name === undefined ? line : `<span class="${name}">${line}</span>`;
  });
  return `<pre${known ? knownClass : ""}>${lines.join("\n")}</pre>`;
}

const quoted = /"(?:[^"\\]|\\.)*"?/g;
const fromRightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Texts that are read from the right stand each in a place of their own: side by side they would change places, a key with its value. */
function writeText(text: string): string {
  if (!fromRightToLeft.test(text)) return escapeHtml(text);
  let [written, from] = ["", 0];
  for (const { 0: literal, index } of text.matchAll(quoted)) {
    written += `${escapeHtml(text.slice(from, index))}<bdi>${escapeHtml(literal)}</bdi>`;
    from = index + literal.length;
  }
  return written + escapeHtml(text.slice(from));
}
