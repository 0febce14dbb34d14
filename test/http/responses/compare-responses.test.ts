import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compareResponses } from "../../../src/http/index.ts";
import type { ResponseRules } from "../../../src/http/index.ts";

type Given = readonly [body: BodyInit | null, headers?: HeadersInit, status?: number];

function response([body, headers = {}, status = 200]: Given): Response {
  return new Response(body, { headers, status });
}

const compared = (one: Given, other: Given, rules?: ResponseRules) =>
  compareResponses(response(one), response(other), rules);

const json = (text: string, headers: HeadersInit = {}): Given => [
  text,
  { "content-type": "application/json", ...headers },
];
const bytes = (given: Uint8Array): BodyInit => given as Uint8Array<ArrayBuffer>;

const same: readonly (readonly [about: string, one: Given, other: Given])[] = [
  ["the same bytes", ["a"], ["a"]],
  ["JSON whose keys and spaces stand otherwise", json('{"a":1,"b":[2]}'), json('{ "b": [2.0], "a": 1e0 }')],
  ["JSON with a byte order mark and without", json("\uFEFF[1]"), json("[1]")],
  ["texts of a stream, written otherwise", events('data: "\\u0061"\n\n'), events('data:"a"\n\n')],
  ["JSON of another JSON type's charset", json("{}"), ["{ }", { "content-type": "application/json; charset=utf-8" }]],
  [
    "gzip and none",
    json('{"a":1}'),
    [bytes(gzipSync('{"a": 1}')), { "content-type": "application/json", "content-encoding": "gzip" }],
  ],
  [
    "brotli and deflate",
    [bytes(brotliCompressSync("x")), { "content-type": "text/plain", "content-encoding": "br" }],
    [bytes(deflateSync("x")), { "content-type": "text/plain", "content-encoding": "deflate" }],
  ],
  [
    "deflate without its wrapper",
    ["x", { "content-type": "text/plain" }],
    [bytes(deflateRawSync("x")), { "content-type": "text/plain", "content-encoding": "deflate" }],
  ],
  [
    "two codings, one over the other",
    ["x", { "content-type": "text/plain" }],
    [bytes(gzipSync(brotliCompressSync("x"))), { "content-type": "text/plain", "content-encoding": "br, gzip" }],
  ],
  ["a body that its client has decoded already", json("[1]"), json("[1 ]", { "content-encoding": "gzip" })],
  [
    "dates, request ids and servers",
    ["a", { date: "1", "x-request-id": "1", server: "a" }],
    ["a", { date: "2", "x-request-id": "2", "x-powered-by": "b" }],
  ],
  [
    "cookies of other values, in another order",
    [
      "a",
      [
        ["set-cookie", "sid=1; Path=/; HttpOnly"],
        ["set-cookie", "b=1"],
      ],
    ],
    [
      "a",
      [
        ["set-cookie", "b=2"],
        ["set-cookie", "sid=2; httponly; path=/"],
      ],
    ],
  ],
  [
    "members of vary and cache-control in another order",
    ["a", { vary: "Accept, Cookie", "cache-control": "no-cache, private" }],
    ["a", { vary: "cookie,accept", "cache-control": "private,no-cache" }],
  ],
  ["other etags", ["a", { etag: '"1"' }], ["a"]],
  ["what `connection` names", ["a", { connection: "x-hop", "x-hop": "1" }], ["a"]],
  [
    "forms of another order",
    ["a=1&b=2", { "content-type": "application/x-www-form-urlencoded" }],
    ["b=2&a=1", { "content-type": "application/x-www-form-urlencoded" }],
  ],
  ["multipart of another boundary", multipart("x"), multipart("yy")],
  ["no body and an empty one", [null], [bytes(new Uint8Array())]],
  [
    "lines that end otherwise",
    ["a\r\nb", { "content-type": "text/plain" }],
    ["a\nb", { "content-type": "text/plain" }],
  ],
];

function events(text: string): Given {
  return [text, { "content-type": "text/event-stream" }];
}

function ndjson(text: string): Given {
  return [text, { "content-type": "application/x-ndjson" }];
}

function multipart(boundary: string, field = "1", type?: string): Given {
  const more = type === undefined ? "" : `content-type: ${type}\r\n`;
  const body = `--${boundary}\r\ncontent-disposition: form-data; name="a"\r\n${more}\r\n${field}\r\n--${boundary}--\r\n`;
  return [body, { "content-type": `multipart/form-data; boundary=${boundary}` }];
}

const differing: readonly (readonly [about: string, one: Given, other: Given, path: string])[] = [
  ["status", ["a"], ["a", {}, 201], "$.status"],
  ["media type", ["a", { "content-type": "text/plain" }], ["a", { "content-type": "text/html" }], "$.type"],
  ["a value in JSON", json('{"a":[1,2]}'), json('{"a":[1,3]}'), "$.body.a[1]"],
  ["whole numbers beyond 2⁵³", json("[9007199254740993]"), json("[9007199254740992]"), "$.body[0]"],
  ["digits that a double does not hold", json("[0.1000000000000000000001]"), json("[0.1]"), "$.body[0]"],
  ["numbers that no double reaches", json("[1e400]"), json("[1e500]"), '$.body[0]["(number)"]'],
  ["a key that stands twice", json('{"a":1,"a":2}'), json('{"a":2}'), "$.body.a"],
  ["JSON that is none", json('{"a":1}'), json('{"a":1'), "$.body"],
  ["JSON that is none beside a list of its lines", json('["a"]'), json("a"), "$.body"],
  ["a line of what is no JSON", json('{"a":\n1'), json('{"a":\n2'), "$.body[1]"],
  [
    "a JSON text beside its bare letters, in a stream",
    events('data: "a"\n\n'),
    events("data: a\n\n"),
    "$.body[0].data",
  ],
  ["a JSON text beside its bare letters, in lines", ndjson('"a"\n'), ndjson("a\n"), "$.body[0]"],
  [
    "a byte order mark before text",
    ["\uFEFFa", { "content-type": "text/csv" }],
    ["a", { "content-type": "text/csv" }],
    "$.body[0]",
  ],
  ["a part whose type is none", multipart("x", "1", "a\nb"), multipart("x", "2", "a\nb"), "$.body[0].body.content[0]"],
  [
    "a part that is no JSON",
    multipart("x", "a", "application/json"),
    multipart("x", '["a"]', "application/json"),
    "$.body[0].body",
  ],
  [
    "a line of text",
    ["a\nb\nc", { "content-type": "text/plain" }],
    ["a\nB\nc", { "content-type": "text/plain" }],
    "$.body[1]",
  ],
  [
    "a field of a form",
    ["a=1", { "content-type": "application/x-www-form-urlencoded" }],
    ["a=2", { "content-type": "application/x-www-form-urlencoded" }],
    "$.body.a[0]",
  ],
  ["a part of a multipart body", multipart("x", "1"), multipart("y", "2"), "$.body[0].body[0]"],
  [
    "bytes",
    [bytes(new Uint8Array([1, 2, 3])), { "content-type": "image/png" }],
    [bytes(new Uint8Array([1, 2, 4])), { "content-type": "image/png" }],
    "$.body",
  ],
  ["a header that means something", ["a", { "x-total": "1" }], ["a", { "x-total": "2" }], '$.headers["x-total"]'],
  ["a request id that one lacks", ["a", { "x-request-id": "1" }], ["a"], '$.headers["x-request-id"]'],
  [
    "a cookie's attribute",
    ["a", { "set-cookie": "a=1; HttpOnly" }],
    ["a", { "set-cookie": "a=1" }],
    '$.headers["set-cookie"][0].attributes[0]',
  ],
  [
    "a cookie that is deleted",
    ["a", { "set-cookie": "a=1; Max-Age=9" }],
    ["a", { "set-cookie": "a=; Max-Age=0" }],
    '$.headers["set-cookie"][0].attributes[0]',
  ],
  [
    "one of several cookies",
    [
      "a",
      [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=1"],
      ],
    ],
    ["a", { "set-cookie": "a=1" }],
    '$.headers["set-cookie"][1]',
  ],
  ["a body that one lacks", ["a"], [null], "$.body"],
  ["where it sends to", ["a", { location: "/a" }], ["a", { location: "/b" }], "$.headers.location"],
];

describe("two responses are the same", () => {
  it.each(same)("with %s", async (_, one, other) => {
    expect(await compared(one, other)).toEqual({ kind: "match" });
    expect(await compared(other, one)).toEqual({ kind: "match" });
  });

  it("where each names its own origin", async () => {
    const rules = { origins: { control: "http://old.example", candidate: ["http://new.example:81"] } };
    const old: Given = ["a", { location: "http://old.example/x?y" }];
    expect((await compared(old, ["a", { location: "http://new.example:81/x?y" }], rules)).kind).toBe("match");
    expect((await compared(old, ["a", { location: "/x?y" }], rules)).kind).toBe("match");
    expect((await compared(old, ["a", { location: "http://old.example.evil/x?y" }], rules)).kind).toBe("mismatch");
  });

  it("where a rule says so", async () => {
    expect((await compared(json('{"a":1,"at":1}'), json('{"a":1,"at":2}'), { ignore: ["$.body.at"] })).kind).toBe(
      "match",
    );
    expect((await compared(["a"], ["b"], { ignore: ["$.body"] })).kind).toBe("match");
    expect((await compared(["a", { "x-acme-id": "1" }], ["a"], { headers: { "X-Acme-*": "dropped" } })).kind).toBe(
      "match",
    );
    expect((await compared(["a", { date: "1" }], ["a", { date: "2" }], { headers: { date: "equal" } })).kind).toBe(
      "mismatch",
    );
    const csv = (body: string): Given => [body, { "content-type": "application/vnd.acme" }];
    expect((await compared(csv("{}"), csv("{ }"), { bodies: { "application/vnd.*": "json" } })).kind).toBe("match");
    expect((await compared(csv("1"), csv("2"), { bodies: { "application/vnd.acme": "ignored" } })).kind).toBe("match");
  });
});

describe("two responses differ", () => {
  it.each(differing)("in %s", async (_, one, other, path) => {
    const comparison = await compared(one, other);
    const back = await compared(other, one);
    expect(comparison.kind).toBe("mismatch");
    expect(back.kind).toBe("mismatch");
    if (comparison.kind === "mismatch") expect(comparison.differences.map((each) => each.path)).toContain(path);
  });
});

describe("large bodies", () => {
  const large = (size: number, change?: number): Uint8Array => {
    const body = new Uint8Array(size).fill(97);
    if (change !== undefined) body[change] = 98;
    return body;
  };

  it("are the same by their digests, in whatever coding they travel", async () => {
    const body = large(3_000_000);
    expect((await compared([bytes(body)], [bytes(body.slice())])).kind).toBe("match");
    const packed = gzipSync(Buffer.from(Array.from({ length: 600_000 }, (_, index) => (index * 7919) % 251)));
    expect(packed.length).toBeGreaterThan(1_000);
    const plain = Buffer.from(Array.from({ length: 600_000 }, (_, index) => (index * 7919) % 251));
    expect((await compared([bytes(plain)], [bytes(packed), { "content-encoding": "gzip" }])).kind).toBe("match");
  });

  it("say after which length they differ, and how long they are", async () => {
    const comparison = await compared([bytes(large(3_000_000))], [bytes(large(3_000_001, 1_500_000))]);
    expect(comparison).toMatchObject({
      kind: "mismatch",
      differences: [
        {
          path: "$.body",
          control: expect.stringMatching(/^3000000 bytes, differs after 1048576 or later, sha256 /),
          candidate: expect.stringMatching(/^3000001 bytes/),
        },
      ],
    });
  });

  it("are not decoded without bounds", async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    expect(bomb.length).toBeLessThan(30_000);
    const comparison = await compared(
      [bytes(bomb), { "content-encoding": "gzip", "content-type": "text/plain" }],
      ["a"],
    );
    expect(comparison).toEqual({ kind: "inconclusive", reason: "a body was not seen whole: decoded-too-large" });
  });

  it.each<readonly [type: string, body: string]>([
    ["application/json", `[${"1,".repeat(200_001)}1]`],
    ["application/json", `{${'"a":1,'.repeat(200_001)}"b":1}`],
    ["application/json", `[${"{},".repeat(200_001)}{}]`],
    ["application/json", `no JSON${"\n".repeat(200_001)}`],
    ["text/plain", "\n".repeat(200_001)],
    ["application/x-www-form-urlencoded", "a=1&".repeat(200_001)],
    ["application/x-ndjson", "[1]\n".repeat(120_000)],
    ["text/event-stream", "data: 1\n\n".repeat(100_001)],
    ["multipart/mixed; boundary=x", `--x\r\n\r\n${"\n".repeat(200_001)}\r\n--x--`],
    ["multipart/mixed; boundary=x", `--x\r\n${"a:b\r\n".repeat(200_001)}\r\n\r\n--x--`],
  ])("are not read where there is more in them than that takes little time: %s", async (type, body) => {
    const headers = { "content-type": type, "content-encoding": "gzip" };
    const [one, other] = [gzipSync(body), gzipSync(`${body} `)];
    const rules = { bodyLimits: { ratio: 10_000 } };
    const comparison = await compareResponses(new Response(one, { headers }), new Response(other, { headers }), rules);
    expect(comparison).toEqual({ kind: "inconclusive", reason: "more than 200000 values" });
  });

  it("are read as far as what is kept can hold", async () => {
    const numbers = (last: number): string => `[${"1,".repeat(131_000)}${last}]`;
    const json = { "content-type": "application/json" };
    const rules = { limits: { timeMs: 60_000 }, ignore: ["$.body[131000]"] };
    const [one, other] = [1, 2].map((last) => new Response(numbers(last), { headers: json }));
    expect((await compareResponses(one!, other!, rules)).kind).toBe("match");
  });

  it.each<readonly [about: string, number: string]>([
    ["a row of zeros and a 1", `1.${"0".repeat(200_000)}1`],
    ["a row of zeros, a 1, and an exponent", `1${"0".repeat(200_000)}1e1`],
    ["many digits", "1".repeat(4_000_000)],
  ])("may hold numbers of any length, and are compared at once: %s", async (_about, number) => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const rules = { bodyLimits: { ratio: 10_000 } };
    const answer = (body: string): Response => new Response(gzipSync(body), { headers });
    expect((await compareResponses(answer(number), answer(` ${number}`), rules)).kind).toBe("match");
    expect((await compareResponses(answer(number), answer(number.replace(/1$|1(?=e)/, "2")), rules)).kind).toBe(
      "mismatch",
    );
  });

  it("may hold texts of any length, whatever is in them", async () => {
    const text = (end: string): string => `"${'\\"\\u0041\\\\'.repeat(300_000)}${end}"`;
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const [one, other] = ["", "a"].map((end) => new Response(gzipSync(text(end)), { headers }));
    const comparison = await compareResponses(one!, other!, { bodyLimits: { ratio: 10_000 } });
    expect(comparison.kind).toBe("mismatch");
  });

  it("that break off are not compared", async () => {
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new Error("reset"));
      },
    });
    expect(await compared(["a"], [broken, { "content-type": "text/plain;charset=UTF-8" }])).toEqual({
      kind: "inconclusive",
      reason: "a body was not seen whole: broke off",
    });
  });
});

describe("rules", () => {
  it.each<readonly [string, unknown, RegExp]>([
    ["a header rule that is none", { headers: { date: "same" } }, /headers\["date"\]` to be one of "equal"/],
    ["a body rule that is none", { bodies: { "a/b": "text" } }, /bodies\["a\/b"\]` to be one of "json"/],
    ["an origin that is none", { origins: { control: "old" } }, /origins such as "https:\/\/old.example", got "old"/],
    ["an unknown name", { ignored: [] }, /unknown option `ignored`; did you mean `ignore`/],
    ["a limit", { bodyLimits: { bytes: 0 } }, /bodyLimits.bytes/],
  ])("refuse %s", async (_, rules, message) => {
    await expect(compared(["a"], ["a"], rules as ResponseRules)).rejects.toThrow(message);
  });
});
