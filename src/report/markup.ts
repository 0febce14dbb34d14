import { escapeHtml as escaped } from "../model/escape-html.ts";
import { visible } from "../model/visible-text.ts";

/** Text that stands for itself in HTML, in an attribute too; control characters are escaped as in a terminal. */
export function escapeHtml(text: string): string {
  return simple.test(text) ? text : escaped(visible(text));
}

// Most cells of most tables.
const simple = /^[\w .,:;%/()+-]*$/;

export function attributes(given: Readonly<Record<string, string | number>>): string {
  return Object.entries(given)
    .map(([name, value]) => ` ${name}="${escapeHtml(String(value))}"`)
    .join("");
}

/** A table of texts. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((each) => `<th scope="col">${escapeHtml(each)}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`).join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}
