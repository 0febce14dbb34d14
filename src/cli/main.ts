#!/usr/bin/env node
import { run } from "./run.ts";

// A reader that has had enough, such as `head`, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

/** A signal, and at a terminal `q` or Ctrl-C. */
function onStop(listener: () => void): () => void {
  const { stdin } = process;
  const onKey = (key: Buffer): void => {
    if (/[q\u0003]/.test(key.toString("latin1"))) listener();
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  if (stdin.isTTY) stdin.setRawMode(true).on("data", onKey);
  return () => {
    process.off("SIGINT", listener).off("SIGTERM", listener);
    if (stdin.isTTY) stdin.off("data", onKey).setRawMode(false).pause();
  };
}

void run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  size: () => ({ columns: process.stdout.columns, rows: process.stdout.rows }),
  onStop,
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  showsProgress: process.stderr.isTTY,
  env: process.env,
  now: () => Date.now(),
}).then((code) => {
  process.exitCode = code;
});
