/** What a command reads and writes: the process's own, or a test's. */
export interface CliIo {
  out(text: string): void;
  err(text: string): void;
  readonly stdin: AsyncIterable<string | Uint8Array>;
  /** Columns of the terminal that `out` is; `undefined` where it is none. */
  readonly columns: number | undefined;
  /** Columns and rows of the terminal at this moment. */
  size?(): { readonly columns?: number; readonly rows?: number };
  /** Calls `listener` when a person ends the command. @returns what lets go of signals and keys */
  onStop?(listener: () => void): () => void;
  /** Whether `err` is a terminal, where progress is shown. */
  readonly showsProgress: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Wall time in milliseconds since 1970. */
  now(): number;
}

/** Whether colors are wanted: on a terminal, unless `NO_COLOR` is set. See https://no-color.org */
export function wantsColor({ columns, env }: CliIo): boolean {
  return columns !== undefined && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}
