const mostOfWeb = 599;

/**
 * A response of any status from 200 to 999. The web makes none above 599, though services send such and `fetch` hands them out. Of the reason
 * what no `Response` holds is left out.
 *
 * @throws {RangeError} for a status below 200, which is no answer
 */
export function anyResponse(
  body: BodyInit | null,
  head: { readonly status: number; readonly statusText: string; readonly headers: Headers },
): Response {
  const { status, headers } = head;
  const statusText = head.statusText.replace(/[^\t\x20-\x7E\x80-\xFF]/g, "");
  if (status <= mostOfWeb) return new Response(body, { status, statusText, headers });
  const response = new Response(body, { statusText, headers });
  return Object.defineProperties(response, {
    status: { value: status },
    ok: { value: false },
    clone: { value: () => anyResponse(Response.prototype.clone.call(response).body, head) },
  });
}

/** A response of the same head and another body. What only a client's response knows, such as its address, stays. */
export function withBody(response: Response, body: BodyInit | null, headers: Headers = response.headers): Response {
  const { status, statusText } = response;
  const copy = anyResponse(body, { status, statusText, headers });
  if (response.url !== "" || response.redirected) {
    Object.defineProperties(copy, { url: { value: response.url }, redirected: { value: response.redirected } });
  }
  return copy;
}
