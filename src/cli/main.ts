#!/usr/bin/env node
import { run } from "./run.ts";

// A reader that has had enough, such as `head`, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

void run(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  showsProgress: process.stderr.isTTY,
  env: process.env,
  now: () => Date.now(),
}).then((code) => {
  process.exitCode = code;
});
