import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { proxyOptionsPage, proxySchema } from "../../scripts/proxy-options-page.ts";
import { checkConfig, ConfigError, parseConfig } from "../../src/proxy/config/config.ts";

const root = join(import.meta.dirname, "../..");
const services = { control: "http://a", candidate: "http://b" };

function refusal(given: unknown): string {
  try {
    checkConfig(given, "proxy.json");
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return "it was taken";
}

describe("a configuration", () => {
  it.each([
    [{}, "proxy.json: control: expected a URL"],
    [[], "proxy.json: expected an object, got an array"],
    [
      { ...services, control: "ftp://a" },
      'proxy.json: control: expected a URL such as "http://127.0.0.1:8081", or an object with `url`, got "ftp://a"',
    ],
    [{ ...services, control: "http://user:secret@a" }, "got one with a user and a password"],
    [
      { ...services, listen: { port: "80" } },
      'proxy.json: listen.port: expected a whole number from 0 to 65535, got "80"',
    ],
    [
      { ...services, listn: {} },
      'proxy.json: listn: expected left out: it is unknown, got an object; did you mean "listen"?',
    ],
    [
      { ...services, control: { url: "http://a", header: {} } },
      "proxy.json: control.header: expected left out: it is unknown",
    ],
    [{ ...services, rollout: "half" }, 'proxy.json: rollout: expected a stage, or an object with `serve`, got "half"'],
    [{ ...services, rollout: { serve: 2 } }, "proxy.json: rollout.serve: expected a number from 0 to 1, got 2"],
    [{ ...services, rollout: "shadow", ramp: {} }, "proxy.json: ramp: expected left out beside `rollout`"],
    [{ ...services, publishers: [{ type: "webhook" }] }, "proxy.json: publishers[0].url: expected a text"],
    [
      { ...services, publishers: [{ type: "webhook", url: "https://a", perMinute: 61 }] },
      "proxy.json: publishers[0].perMinute: expected a whole number from 1 to 60, got 61",
    ],
    [{ ...services, publishers: [{}] }, 'proxy.json: publishers[0]: expected an object with `type`: "ndjson"'],
    [{ ...services, key: { header: "a b" } }, 'proxy.json: key.header: expected a name, got "a b"'],
    [{ ...services, key: { cookie: "a=b" } }, 'proxy.json: key.cookie: expected a name, got "a=b"'],
    [{ ...services, key: { header: "a", cookie: "b" } }, "proxy.json: key: expected an object with one of `header`"],
    [{ ...services, session: { cookie: "a;b" } }, "proxy.json: session.cookie: expected a name"],
    [{ ...services, forceKey: "" }, 'proxy.json: forceKey: expected a text, or { "env": "NAME" }, got an empty text'],
    [{ ...services, compare: { headers: { etag: "same" } } }, "proxy.json: compare.headers.etag: expected one of"],
    [{ ...services, candidates: {} }, "proxy.json: candidates: expected left out beside `candidate`"],
    [{ control: "http://a" }, "proxy.json: candidate: expected given, or `candidates`"],
    [{ ...services, admin: {} }, "proxy.json: admin.port: expected a whole number from 0 to 65535, got undefined"],
  ])("%j is refused by file, key, and what was expected", (given, message) => {
    expect(refusal(given)).toContain(message);
  });

  it("is told all that is wrong with it at once", () => {
    expect(refusal({ ...services, sample: 2, forwarded: 1 }).split("\n")).toHaveLength(2);
  });

  it("does not repeat a secret", () => {
    const message = refusal({ ...services, admin: { port: 1, token: ["hunter2"] }, loopKey: 5 });
    expect(message).not.toContain("hunter2");
  });

  it("that is no JSON is told where", () => {
    expect(() => parseConfig('{\n  "a": 1,\n}', "proxy.json")).toThrow(/^proxy\.json:3:1: expected JSON/);
  });

  it("of all options is taken", () => {
    const whole = {
      ...{ $schema: "schemas/proxy.schema.json", name: "shop", control: { url: "http://a", path: [["/v1/", "/v2/"]] } },
      candidates: { one: "http://b", two: { url: "https://c", tls: { ca: "ca.pem" } } },
      ...{ ramp: { steps: [0.1, { share: 0.5, pause: true }] }, store: { file: "state" }, key: { claim: "sub" } },
      ...{ routes: ["GET /a", { match: "POST /b", readOnly: true }], session: { cookie: "sid" }, silence: false },
      publishers: [{ type: "ndjson" }, { type: "webhook", url: { env: "HOOK" } }, { type: "prometheus" }],
      ...{ compare: { ignore: ["$.body.at"], tolerance: { "$.body.price": 0.01 } }, admin: { port: 9090 } },
    };
    expect(checkConfig(whole, "proxy.json")).toBe(whole);
  });
});

describe("the table of options", () => {
  it("stands in docs/proxy-options.md and schemas/proxy.schema.json as it is", async () => {
    const page = await format(proxyOptionsPage(), { parser: "markdown", printWidth: 120 });
    expect(readFileSync(join(root, "docs/proxy-options.md"), "utf8")).toBe(page);
    const schema = await format(proxySchema(), { parser: "json", printWidth: 120 });
    expect(readFileSync(join(root, "schemas/proxy.schema.json"), "utf8")).toBe(schema);
  });

  it("says what every option does", () => {
    expect(proxyOptionsPage().match(/.*\| {2}\|$/gm) ?? []).toEqual([]);
  });
});
