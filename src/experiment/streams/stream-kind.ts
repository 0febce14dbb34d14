/**
 * What hands out its items one after the other:
 *
 * - `node`: a Node stream that can be read
 * - `web`: a `ReadableStream`
 * - `iterator`: a generator, or another iterator, asynchronous or not
 * - `iterable`: something that makes asynchronous iterators
 */
export type StreamKind = "node" | "web" | "iterator" | "iterable";

interface Methods {
  readonly emit?: unknown;
  readonly getReader?: unknown;
  readonly next?: unknown;
  readonly pipe?: unknown;
  readonly read?: unknown;
  readonly tee?: unknown;
  readonly [Symbol.asyncIterator]?: unknown;
  readonly [Symbol.iterator]?: unknown;
}

/** Tells by its methods, and takes nothing out of it. `undefined` for what is no stream: arrays, Maps and Sets among it. */
export function streamKind(value: unknown): StreamKind | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    const methods = value as Methods;
    const has = (name: keyof Methods): boolean => typeof methods[name] === "function";
    if (has("pipe") && has("read") && has("emit")) return "node";
    if (has("getReader") && has("tee")) return "web";
    if (has("next") && (has(Symbol.asyncIterator) || has(Symbol.iterator))) return "iterator";
    return has(Symbol.asyncIterator) ? "iterable" : undefined;
  } catch {
    // A revoked proxy, or a getter that throws: nobody can read it.
    return undefined;
  }
}
