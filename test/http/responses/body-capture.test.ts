import { createHash } from "node:crypto";
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { defaultBodyLimits } from "../../../src/http/responses/body-capture.ts";
import { compareResponses } from "../../../src/http/index.ts";

afterEach(() => void vi.restoreAllMocks());

/** Hardly any smaller where it is encoded. */
const noise: Buffer<ArrayBuffer> = Buffer.from(
  Array.from({ length: 20_000 }, (_, at) => sha256Of(at)).join(""),
  "hex",
).subarray(0, 400_000);

/** Some begin with a letter or a brace, as text does that is in no coding. */
const bodies: readonly (readonly [what: string, body: Buffer<ArrayBuffer>])[] = [
  ["noise", noise],
  ["text", Buffer.from(`{"data":"${noise.toString("base64")}"}`)],
];

function brotli(body: Buffer): Buffer<ArrayBuffer> {
  return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } });
}

function sha256Of(at: number): string {
  return createHash("sha256").update(String(at)).digest("hex");
}

const codings: readonly (readonly [coding: string, encode: (body: Buffer) => Buffer<ArrayBuffer>])[] = [
  ["gzip", (body) => gzipSync(body, { level: 0 })],
  ["x-gzip", (body) => gzipSync(body, { level: 0 })],
  ["deflate", (body) => deflateSync(body, { level: 0 })],
  ["DEFLATE", (body) => deflateRawSync(body, { level: 0 })],
  ["br", brotli],
  ["deflate, gzip", (body) => gzipSync(deflateSync(body, { level: 0 }), { level: 0 })],
  ["gzip, identity, br", (body) => brotli(gzipSync(body, { level: 0 }))],
];

describe("a body beyond what is kept", () => {
  const large = (last: string): Response => new Response(`${"a".repeat(300_000)}${last}`);

  it("cannot be told in a runtime without a digest that runs", async () => {
    const asked = process.getBuiltinModule.bind(process) as (name: string) => unknown;
    vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
      name === "node:crypto" ? undefined : asked(name)) as never);
    const reason = "a body was not seen whole: too-large";
    expect(await compareResponses(large("b"), large("c"))).toEqual({ kind: "inconclusive", reason });
    expect(await compareResponses(large("b"), large("b"))).toEqual({ kind: "inconclusive", reason });
  });

  it("is told by its digest elsewhere", async () => {
    expect(await compareResponses(large("b"), large("b"))).toEqual({ kind: "match" });
    expect((await compareResponses(large("b"), large("c"))).kind).toBe("mismatch");
  });

  describe.each(bodies)("of %s, encoded", (_what, body) => {
    const other = Buffer.from(body);
    other[body.length - 1]! ^= 1;

    it.each(codings)("in %s, is that of what it holds", async (coding, encode) => {
      expect(encode(body).length).toBeGreaterThan(defaultBodyLimits.bytes);
      const encoded = (of: Buffer): Response => new Response(encode(of), { headers: { "content-encoding": coding } });
      expect(await compareResponses(encoded(body), new Response(body))).toEqual({ kind: "match" });
      expect(await compareResponses(new Response(body), encoded(body))).toEqual({ kind: "match" });
      expect((await compareResponses(encoded(body), encoded(other))).kind).toBe("mismatch");
      expect((await compareResponses(new Response(other), encoded(body))).kind).toBe("mismatch");
    });

    it.each(codings)("in %s, as a client has decoded it already", async (coding) => {
      const decoded = (of: Buffer<ArrayBuffer>): Response =>
        new Response(of, { headers: { "content-encoding": coding } });
      expect(await compareResponses(decoded(body), new Response(body))).toEqual({ kind: "match" });
      expect((await compareResponses(decoded(other), new Response(body))).kind).toBe("mismatch");
    });
  });

  it("is told by what was sent where nothing can decode it", async () => {
    const [, body] = bodies[0]!;
    const inOwn = (of: Buffer<ArrayBuffer>): Response => new Response(of, { headers: { "content-encoding": "own" } });
    expect(await compareResponses(inOwn(body), inOwn(body))).toEqual({ kind: "match" });
    const reason = "a body was not seen whole: in own, which is not known here";
    expect(await compareResponses(inOwn(body), inOwn(bodies[1]![1]))).toEqual({ kind: "inconclusive", reason });
    expect(await compareResponses(inOwn(body), new Response(body))).toEqual({ kind: "inconclusive", reason });
  });
});
