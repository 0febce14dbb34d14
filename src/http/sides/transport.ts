import type { RequestBody } from "../request-body.ts";

/** What a transport is called with beside the address: as `fetch`, and what `fetch` cannot do. */
export interface TransportInit extends RequestInit {
  readonly duplex?: "half";
  readonly host?: string;
  readonly tls?: { readonly ca?: string; readonly servername?: string };
}

/** Sends a request to a service and resolves with its answer. Must not follow redirects. */
export interface Transport {
  (url: string, init: TransportInit): Promise<Response>;
  /** Whether bodies arrive decoded, while their headers say that they are encoded: as of `fetch`. */
  readonly decodes?: boolean;
  /** What it can set that `fetch` cannot: the header `host`, and with it TLS options. */
  readonly sets?: { readonly host: boolean };
}

/** The global `fetch`, looked up at each call. */
export const fetchTransport: Transport = Object.assign(
  (url: string, init: TransportInit): Promise<Response> => globalThis.fetch(url, init),
  { decodes: true },
);

/** A body as `fetch` takes it. */
export function bodyInit(body: RequestBody): { readonly body?: BodyInit; readonly duplex?: "half" } {
  switch (body.kind) {
    case "none":
    case "used":
      return {};
    case "bytes":
      return { body: body.bytes as Uint8Array<ArrayBuffer> };
    case "stream":
      return { body: body.stream, duplex: "half" };
  }
}
