import { describe, expect, it } from "vitest";
import { compareResponses, type ResponseRules } from "../../../src/http/index.ts";
import { headerDefaults, type HeaderRule } from "../../../src/http/responses/header-rules.ts";

const kindOf = async (one: HeadersInit, other: HeadersInit, rules?: ResponseRules): Promise<string> =>
  (await compareResponses(new Response(null, { headers: one }), new Response(null, { headers: other }), rules)).kind;

/** What differs in a way that a rule looks over, and what it does not. */
const values: Readonly<Record<HeaderRule, { readonly alike: readonly [string, string]; readonly other?: string }>> = {
  dropped: { alike: ["1", "2"] },
  present: { alike: ["1", "2"] },
  set: { alike: ["a, b", "B,a"], other: "a, c" },
  cookies: { alike: ["sid=1; Path=/", "sid=2; path=/"], other: "sid=1; Path=/x" },
  location: { alike: ["/x", "/x"], other: "/y" },
  equal: { alike: ["1", "1"], other: "2" },
};

// `connection` names other headers, and a media type is compared by itself.
const isPlain = (name: string): boolean => name !== "connection" && name !== "content-type";

describe("a header that nothing else is said of", () => {
  const all = headerDefaults.flatMap(({ names, rule }) =>
    names.filter(isPlain).map((name) => [name.replace("*", "anything"), rule] as const),
  );

  it.each(all)("%s is %s", async (name, rule) => {
    const { alike, other } = values[rule];
    expect(await kindOf({ [name]: alike[0] }, { [name]: alike[1] })).toBe("match");
    if (other !== undefined) expect(await kindOf({ [name]: alike[0] }, { [name]: other })).toBe("mismatch");
    expect(await kindOf({ [name]: alike[0] }, {})).toBe(rule === "dropped" ? "match" : "mismatch");
    const equal: ResponseRules = { headers: { [name]: "equal" } };
    const [one, another] = alike[0] === alike[1] ? [alike[0], other!] : alike;
    expect(await kindOf({ [name]: one }, { [name]: another }, equal)).toBe("mismatch");
  });

  it("and is not listed is equal", async () => {
    expect(await kindOf({ "x-total": "1" }, { "x-total": "2" })).toBe("mismatch");
    expect(await kindOf({ "x-total": "1" }, { "x-total": "2" }, { headers: { "x-*": "present" } })).toBe("match");
  });
});
