import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { SidelaneError } from "../model/errors.ts";
import { redactedText } from "../records/redacted-event.ts";
import type { Ramp } from "../rollout/ramp/ramp.ts";
import type { Deployment } from "./deployment.ts";

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const text = (status: number, body: string): Answer => ({
  status,
  type: "text/plain; charset=utf-8",
  body: `${body}\n`,
});
const said = new Set(["by", "reason", "reasons"]);
/** What people say of a rollout is free text: it is looked at for secrets. */
const withoutSecrets = (key: string, value: unknown): unknown => {
  if (!said.has(key)) return value;
  const without = (part: unknown): unknown => (typeof part === "string" ? redactedText(part) : part);
  return Array.isArray(value) ? value.map(without) : without(value);
};
const json = (status: number, data: unknown): Answer => ({
  ...{ status, type: "application/json" },
  body: `${JSON.stringify(data, withoutSecrets, 2)}\n`,
});

type Page = (deployment: Deployment, request: IncomingMessage, isAllowed: boolean) => Answer | Promise<Answer>;

/** What the port of a proxy's own shows to programs, by method and path; people have a page at `/`. */
const pages: Readonly<Record<string, Page>> = {
  "GET /health": () => text(200, "ok"),
  "GET /metrics": ({ metrics }) =>
    metrics === undefined ?
      text(404, 'There are no metrics: add { "type": "prometheus" } to `publishers`')
    : { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: metrics.text() },
  "GET /status": ({ compiled, laboratory, ramp, retried }) =>
    json(200, {
      candidates: compiled.counts(),
      retried: retried(),
      experiments: laboratory.status().experiments,
      ...(ramp !== undefined && { rollout: ramp.status() }),
    }),
  "POST /rollout": async ({ ramp }, request, isAllowed) => {
    if (!isAllowed) return text(401, "Expected `authorization: Bearer` with the token of `admin.token`");
    if (ramp === undefined) return text(409, "There is no `ramp` to move");
    return await commanded(ramp, await bodyOf(request));
  },
};

/** The port of a proxy's own. @param token who has it may move the rollout; without one nobody may */
export function adminServer(deployment: () => Deployment, token: string | undefined): Server {
  return createServer({ requestTimeout: 10_000, maxHeaderSize: 16_384 }, (request, response) => {
    request.on("error", () => undefined);
    if (isOwnName(request.headers.host) && pathOf(request) === "/") {
      deployment().page(request, response);
      return;
    }
    void answerTo(deployment(), request, token).then(
      (answer) => {
        send(response, answer);
      },
      (error: unknown) => {
        send(response, text(400, (error as Error).message));
      },
    );
  });
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    "content-type": type,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(body);
}

async function answerTo(deployment: Deployment, request: IncomingMessage, token: string | undefined): Promise<Answer> {
  if (!isOwnName(request.headers.host)) return text(421, "Expected a `host` that is an address, or localhost");
  const page = pages[`${request.method === "HEAD" ? "GET" : request.method!} ${pathOf(request)}`];
  if (page === undefined) return text(404, `Pages: GET /, ${Object.keys(pages).join(", ")}`);
  return await page(deployment, request, token !== undefined && hasToken(request, token));
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?", 1)[0]!;
}

/** A page of another site may have a name that leads here. */
function isOwnName(host: string | undefined): boolean {
  const name = (host ?? "")
    .toLowerCase()
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "");
  return name === "localhost" || isIP(name) !== 0;
}

/** Takes the same time wherever the two differ. */
function hasToken({ headers: { authorization = "" } }: IncomingMessage, token: string): boolean {
  const digest = (given: string): Buffer => createHash("sha256").update(given).digest();
  // The name of a scheme is the same in either case, by RFC 9110.
  const given = authorization.replace(/^bearer +/i, "");
  return given !== authorization && timingSafeEqual(digest(given), digest(token));
}

const mostBytes = 10_000;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > mostBytes) throw new TypeError("Expected a short body");
  }
  let given: unknown;
  try {
    given = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    // What is no JSON is no object.
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new TypeError('Expected an object in JSON, such as { "command": "pause", "by": "ann", "reason": "…" }');
  return given;
}

const commands: ReadonlySet<string> = new Set([
  ...["pause", "resume", "advance", "stepBack", "rollback", "off", "complete", "clear"],
]);

async function commanded(ramp: Ramp, given: unknown): Promise<Answer> {
  const { command, share, ...more } = given as Readonly<Record<string, unknown>>;
  const said = more as { by: string; reason: string };
  try {
    if (command === "compare") return json(200, await ramp.compare(share as number, said));
    if (typeof command !== "string" || !commands.has(command))
      return text(400, `Expected \`command\` to be one of ${[...commands, "compare"].join(", ")}`);
    return json(200, await ramp[command as "pause"](said));
  } catch (error) {
    if (!(error instanceof SidelaneError)) throw error;
    return text(error.code === "invalid-state" ? 409 : 400, error.message);
  }
}
