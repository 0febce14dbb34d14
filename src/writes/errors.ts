import { SidelaneError, type SidelaneErrorCode } from "../model/errors.ts";

/** An operation of that id was written before. */
export class AlreadyWrittenError extends SidelaneError {
  override readonly name = "AlreadyWrittenError";
  readonly id: string;
  /** What `facts` made of the result then; `undefined` where there is no `facts`. */
  readonly facts: unknown;

  constructor(place: string, id: string, facts: unknown) {
    super(
      "already-written",
      `${place}: the operation ${JSON.stringify(id)} is written already, and was not written again. \`facts\` of this error has what was kept of its result; \`again: (op, facts) => …\` would answer with it`,
    );
    this.id = id;
    this.facts = facts;
  }
}

/** Refuses what one call was handed. */
export function refuse(code: SidelaneErrorCode, place: string, message: string, cause?: unknown): never {
  throw new SidelaneError(code, `${place}: ${message}`, cause === undefined ? undefined : { cause });
}

/** What an error says, in at most 2 000 characters; never throws. */
export function messageOf(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return text.slice(0, 2_000).replaceAll("\0", "\ufffd");
  } catch {
    return "an unreadable error";
  }
}
