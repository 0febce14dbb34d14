import MarkdownIt from "markdown-it";
import { Marked } from "marked";
import type { Page } from "./corpus.ts";

const marked = { commonmark: new Marked({ gfm: false }), github: new Marked({ gfm: true }) };
const markdownIt = {
  commonmark: new MarkdownIt("commonmark"),
  github: new MarkdownIt("default", { html: true, linkify: true }),
};

/** What the service does today. */
export function renderWithMarked({ dialect, markdown }: Page): string {
  return marked[dialect].parse(markdown, { async: false });
}

/** What it shall do tomorrow. */
export function renderWithMarkdownIt({ dialect, markdown }: Page): string {
  return markdownIt[dialect].render(markdown);
}
