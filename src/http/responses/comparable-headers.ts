import type { HeaderRules } from "./header-rules.ts";
import type { ResponseHeaders } from "./response-headers.ts";

/** What a cookie is compared by: everything but its value and the dates of its end. */
interface ComparableCookie {
  readonly name: string;
  readonly attributes: readonly string[];
}

/**
 * A response's headers as they are compared, by name in lower case and in alphabetical order.
 *
 * @param origins the side's own, each taken for `{origin}` in addresses
 */
export function comparableHeaders(
  headers: ResponseHeaders,
  ruleOf: HeaderRules,
  origins: readonly string[],
): Readonly<Record<string, unknown>> {
  const comparable: Record<string, unknown> = {};
  const named = new Set(listOf(headers.get("connection") ?? ""));
  for (const [name, value] of headers) {
    // A connection's own, but not what a server names by mistake.
    if (named.has(name) && ruleOf(name) !== "cookies") continue;
    switch (ruleOf(name)) {
      case "dropped":
        break;
      case "present":
        comparable[name] = "(present)";
        break;
      case "set":
        comparable[name] = [...new Set(listOf(value))].sort();
        break;
      case "cookies":
        comparable[name] ??= cookiesOf(headers);
        break;
      case "location":
        comparable[name] = withoutOrigin(value, origins);
        break;
      case "equal":
        comparable[name] = value;
    }
  }
  return comparable;
}

function listOf(value: string): string[] {
  return value
    .split(",")
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== "");
}

const dated = /^(?:expires|max-age)$/;

function cookiesOf(headers: ResponseHeaders): readonly ComparableCookie[] {
  return headers
    .getSetCookie()
    .map((cookie) => {
      const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
      return {
        name: pair.split("=", 1)[0]!.trim(),
        attributes: attributes
          .map((attribute) => {
            const [name = "", ...value] = attribute.split("=");
            const lower = name.trim().toLowerCase();
            if (dated.test(lower)) return isOver(lower, value.join("=")) ? "deletes" : lower;
            return value.length === 0 ? lower : `${lower}=${value.join("=").trim()}`;
          })
          .filter((attribute) => attribute !== "")
          .sort(),
      };
    })
    .sort((a, b) =>
      a.name < b.name ? -1
      : a.name > b.name ? 1
      : 0,
    );
}

/** A cookie that is taken away is another thing than one that is set. */
function isOver(attribute: string, value: string): boolean {
  return attribute === "max-age" ? Number(value) <= 0 : Date.parse(value) <= longAgo;
}

const longAgo = Date.UTC(2000, 0, 1);

function withoutOrigin(address: string, origins: readonly string[]): string {
  const origin = origins.find((each) => address.startsWith(each) && /^(?:[/?#]|$)/.test(address.slice(each.length)));
  if (origin !== undefined) return `{origin}${address.slice(origin.length) || "/"}`;
  // An address without an origin is of the side's own.
  return address.startsWith("/") && !address.startsWith("//") ? `{origin}${address}` : address;
}
