import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SidelaneError } from "../model/errors.ts";
import { checkConfig, ConfigError, parseConfig, type ProxyConfig } from "../proxy/config/config.ts";
import { Surroundings } from "../proxy/config/files.ts";
import { tryOut } from "../proxy/deployment.ts";
import { startProxy } from "../proxy/start-proxy.ts";
import { helpOf, parseArguments, UsageError, type CliOption } from "./arguments.ts";
import type { CliIo } from "./io.ts";

const options: Readonly<Record<string, CliOption>> = {
  control: { takes: "url", says: "the service that answers, such as http://127.0.0.1:8081" },
  candidate: { takes: "url", says: "the service that gets copies of what only reads" },
  host: { takes: "address", says: "where callers come; 127.0.0.1 by default" },
  port: { takes: "number", says: "its port; 8080 by default, 0 for any that is free" },
  results: { takes: "file", says: "where results go, for sidelane report; sidelane.ndjson by default" },
  config: { takes: "file", says: "all options, in JSON; what is said here goes over it. SIGHUP reads it anew" },
  check: { says: "say whether the configuration is right, and end" },
  help: { says: "print this" },
};

const help = (): string =>
  helpOf(
    "sidelane proxy --control <url> --candidate <url> [options]",
    "Answers as control does, and compares the candidate's answers to copies of all requests that only read.\nEnds on SIGTERM and SIGINT, when requests that run are answered and results are written. Exits with 0, and with 2\nwhere it was used wrongly.",
    options,
    [
      "sidelane proxy --control http://127.0.0.1:8081 --candidate http://127.0.0.1:8082",
      "sidelane proxy --config sidelane.json --check",
      "sidelane report sidelane.ndjson",
    ],
  );

/** `sidelane proxy`. @returns the code to exit with, once it has ended */
export async function proxy(given: readonly string[], io: CliIo): Promise<number> {
  const { files, options: chosen } = parseArguments("proxy", given, options);
  if (chosen["help"]) {
    io.out(help());
    return 0;
  }
  if (files.length > 0) throw new UsageError(`sidelane proxy: takes no file; got ${files[0]!}`);
  const read = (): Read => readConfig(chosen);
  try {
    const { config, around } = read();
    if (chosen["check"]) {
      await tryOut(config, around);
      io.out(`${around.place}: right\n`);
      return 0;
    }
    await serve(config, around, read, io);
    return 0;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SidelaneError) throw new UsageError(error.message);
    throw error;
  }
}

async function serve(config: ProxyConfig, around: Surroundings, read: () => Read, io: CliIo): Promise<void> {
  const log = (line: string): void => {
    io.err(`${line}\n`);
  };
  const proxying = await startProxy(config, around, log);
  const ended = new Promise<void>((end) => {
    process.once("SIGTERM", end);
    process.once("SIGINT", end);
  });
  let reloading = Promise.resolve();
  const reload = (): void => {
    reloading = reloading.then(async () => {
      try {
        const next = read();
        await proxying.reload(next.config, next.around);
        log(`sidelane: ${next.around.place} was read anew`);
        if (ofTheStart(next.config) !== ofTheStart(config))
          log(
            "sidelane: `listen`, but for its certificate, and `admin` are those of the start: end and start it for others",
          );
      } catch (error) {
        log(`${(error as Error).message}\nsidelane: what was at work stays at work`);
      }
    });
  };
  process.on("SIGHUP", reload);
  io.out(`listening on ${proxying.url}\n`);
  if (proxying.adminUrl !== undefined) log(`sidelane: health, metrics and status on ${proxying.adminUrl}`);
  await ended;
  await proxying.close();
  process.off("SIGHUP", reload);
}

/** What no reload changes. */
function ofTheStart({ listen, admin }: ProxyConfig): string {
  return JSON.stringify([{ ...listen, tls: listen?.tls !== undefined }, admin]);
}

interface Read {
  readonly config: ProxyConfig;
  readonly around: Surroundings;
}

/** What the file says, and over it what the command line does. */
function readConfig(chosen: Readonly<Record<string, readonly string[]>>): Read {
  const last = (name: string): string | undefined => chosen[name]?.at(-1);
  const file = last("config");
  const said = file === undefined ? {} : parseConfig(textOf(file), file);
  const port = last("port");
  if (port !== undefined && !/^\d+$/.test(port))
    throw new UsageError(`sidelane proxy: --port: expected a whole number from 0 to 65535, got ${port}`);
  const over = {
    ...(last("control") !== undefined && { control: last("control") }),
    ...(last("candidate") !== undefined && { candidate: last("candidate") }),
    ...(last("results") !== undefined && { results: resolve(last("results")!) }),
  };
  if (file === undefined) {
    for (const name of ["control", "candidate"] as const) {
      if (over[name] === undefined)
        throw new UsageError(`sidelane proxy: name the ${name} by --${name} <url>, or in the file of --config`);
    }
  }
  const place = file ?? "sidelane proxy";
  const isObject = typeof said === "object" && said !== null && !Array.isArray(said);
  const given = said as ProxyConfig;
  const config = checkConfig(
    isObject ?
      {
        ...given,
        ...over,
        listen: {
          ...given.listen,
          ...(last("host") !== undefined && { host: last("host") }),
          ...(port !== undefined && { port: Number(port) }),
        },
      }
    : said,
    place,
  );
  const isUnpublished = config.results === undefined && config.publishers === undefined;
  return {
    config: isUnpublished ? { ...config, results: resolve("sidelane.ndjson") } : config,
    around: new Surroundings(place, file === undefined ? process.cwd() : dirname(resolve(file))),
  };
}

/** @throws {UsageError} */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `sidelane proxy: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
    );
  }
}
