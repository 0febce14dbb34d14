import { describe, expect, it } from "vitest";
import { ReceivedHeaders } from "../../../src/http/responses/response-headers.ts";

describe("received headers", () => {
  it("are read as those of the web are", () => {
    const raw = ["B", "1", "set-cookie", "a=1", "A", " x ", "b", "2", "Set-Cookie", "b=2; Path=/", "Connection", "x"];
    const headers = new Headers();
    for (let at = 0; at < raw.length; at += 2) headers.append(raw[at]!, raw[at + 1]!);
    const received = new ReceivedHeaders(raw);
    expect([...received]).toEqual([...headers]);
    expect(received.getSetCookie()).toEqual(headers.getSetCookie());
    for (const name of ["a", "b", "set-cookie", "none"]) {
      expect(received.get(name)).toBe(headers.get(name));
      expect(received.has(name)).toBe(headers.has(name));
    }
  });
});
