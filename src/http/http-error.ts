// Branded, because each subpath of the CommonJS build may hold its own copy of the class.
const brand = Symbol.for("sidelane.http-error");

/**
 * A side that did not answer as a service that is well: it answered with a status of 500 or more, or with no whole answer at all.
 * Where this is the candidate's alone, breakers, gates and fallbacks take it for a failure.
 *
 * `code` is `server-error` for such a status, `wrong-length` for a body that is not as long as its header says, `broken-mid-body` for one
 * that broke off, `timeout`; or the runtime's own, such as `ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`; else `failed`.
 */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** The answer's status; absent where there was no status line. */
  readonly status: number | undefined;
  readonly code: string;

  constructor(code: string, status?: number) {
    super(messageOf(code, status));
    this.code = code;
    this.status = status;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Holds across two copies of the class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }
}

function messageOf(code: string, status: number | undefined): string {
  if (status === undefined) return `No answer: ${code}`;
  return code === "server-error" ? `Answered with status ${status}` : `Answered with status ${status}, then: ${code}`;
}

/**
 * What a side's call, or the reading of its body, rejected with, as far as two sides can be compared by it: what a runtime hangs on its
 * errors, such as ports and counts of bytes, is never the same twice.
 */
export function failureOf(error: unknown, status?: number): HttpError {
  if (error instanceof HttpError) return error;
  const code = codeOf(error);
  return new HttpError(status !== undefined && code !== "timeout" ? "broken-mid-body" : code, status);
}

function codeOf(error: unknown, depth = 0): string {
  try {
    if (typeof error !== "object" || error === null || depth > 3) return "failed";
    const { name, code, cause } = error as { name?: unknown; code?: unknown; cause?: unknown };
    if (name === "TimeoutError" || name === "HeadersTimeoutError") return "timeout";
    if (typeof code === "string" && /^[A-Z][A-Z\d_]{2,40}$/.test(code)) return code;
    return codeOf(cause, depth + 1);
  } catch {
    return "failed";
  }
}
