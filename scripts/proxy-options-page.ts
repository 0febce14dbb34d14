/** The page of the options of `sidelane proxy`, and their schema: made from the one table that checks files. */
import { proxyOptions } from "../src/proxy/config/options.ts";
import type { Schema } from "../src/proxy/config/schema.ts";

/** What is published as `schemas/proxy.schema.json`. */
export function proxySchema(): string {
  return `${JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", ...proxyOptions }, null, 2)}\n`;
}

/** docs/proxy-options.md, before it is formatted. */
export function proxyOptionsPage(): string {
  return [
    "# Options of `sidelane proxy`",
    "",
    "Made from the table that checks a configuration, by `npm run docs:options`. What each is for: [proxy.md](proxy.md). Times are in milliseconds.",
    "",
    "| key | what it takes | default | |",
    "| --- | --- | --- | --- |",
    ...rowsOf(proxyOptions, ""),
    "",
  ].join("\n");
}

function rowsOf(schema: Schema, key: string): string[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, option]) => {
    const place = key === "" ? name : `${key}.${name}`;
    const byDefault = option.default === undefined ? "" : `\`${JSON.stringify(option.default)}\``;
    const must = required.includes(name) && key === "" ? " Required." : "";
    const row = `| \`${place}\` | ${cell(option.title)} | ${byDefault} | ${cell(option.description ?? "")}${must} |`;
    return [row, ...within(option, place)];
  });
}

/** The keys below an option, of each of the ways that it may be written. */
function within(option: Schema, place: string): string[] {
  if (option.anyOf !== undefined) {
    const several = option.anyOf.filter(({ type, properties }) => type === "object" && properties !== undefined);
    return several.flatMap((each) => {
      const kind = each.properties!["type"]?.enum?.[0];
      return rowsOf(each, kind === undefined ? place : `${place} (${String(kind)})`);
    });
  }
  if (option.type === "array") return within(option.items!, `${place}[]`);
  if (option.type !== "object") return [];
  if (option.properties !== undefined) return rowsOf(option, place);
  const each = option.additionalProperties;
  return each === undefined || each === false ? [] : within(each, `${place}.*`);
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
