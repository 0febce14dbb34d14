// Which parts should a proxy stand on, and what does comparing cost its callers?
// Run with `npm run bench:proxy`, or with the rows that are wanted: `npm run bench:proxy -- forwards`.
import { request as httpRequest, Agent } from "node:http";
import fastifyProxy from "@fastify/http-proxy";
import Fastify from "fastify";
import { createProxyServer } from "httpxy";
import { Pool } from "undici";
import { checkConfig } from "../src/proxy/config/config.ts";
import { Surroundings } from "../src/proxy/config/files.ts";
import { startProxy } from "../src/proxy/start-proxy.ts";
import { answering, endless, hanging, listening, measureWays, type Role } from "./http-ways.ts";

const forwardsByNode: Role = ({ answers }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 256, noDelay: true });
  const { hostname, port } = new URL(answers!);
  return listening((request, response) => {
    const { method, url, rawHeaders } = request;
    const asked = httpRequest({
      agent,
      hostname,
      port,
      method,
      path: url!,
      headers: rawHeaders as never,
      setHost: false,
    });
    asked.on("response", (answer) => {
      response.sendDate = false;
      response.writeHead(answer.statusCode!, answer.statusMessage, ownHeaders(answer.rawHeaders));
      answer.on("data", (chunk) => {
        if (!response.write(chunk)) {
          answer.pause();
          response.once("drain", () => answer.resume());
        }
      });
      answer.on("end", () => response.end());
    });
    asked.on("error", () => response.destroy());
    if (method === "GET") asked.end();
    else request.pipe(asked);
  });
};

const forwardsByUndici: Role = ({ answers }) => {
  const pool = new Pool(answers!, { connections: 256, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  return listening((request, response) => {
    const { method, url, rawHeaders } = request;
    pool.dispatch(
      { method: method as "GET", path: url!, headers: rawHeaders, body: method === "GET" ? null : request },
      {
        onRequestStart: () => undefined,
        onResponseStart: (controller, status, _headers, reason) => {
          const names: string[] = [];
          for (const each of controller.rawHeaders as Buffer[]) names.push(each.toString("latin1"));
          response.sendDate = false;
          response.writeHead(status, reason, ownHeaders(names));
          response.on("drain", () => controller.resume());
        },
        onResponseData: (controller, chunk) => {
          if (!response.write(chunk)) controller.pause();
        },
        onResponseEnd: () => void response.end(),
        onResponseError: () => void response.destroy(),
      },
    );
  });
};

const httpxy: Role = ({ answers }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 256, noDelay: true });
  const proxy = createProxyServer({ target: answers!, agent });
  return listening((request, response) => void proxy.web(request, response));
};

const fastify: Role = async ({ answers }) => {
  const app = Fastify();
  await app.register(fastifyProxy, { upstream: answers!, undici: { connections: 256, pipelining: 1 } });
  return Number(new URL(await app.listen({ port: 0, host: "127.0.0.1" })).port);
};

/** `sidelane proxy`. @param candidate one of the services, or a URL */
function proxying(candidate: string, more: object = {}): Role {
  return async (targets) => {
    const config = {
      ...{ control: targets["answers"], candidate: targets[candidate] ?? candidate, listen: { port: 0 } },
      ...{ publishers: [], silence: false },
      ...more,
    };
    const { url } = await startProxy(
      checkConfig(config, "bench"),
      new Surroundings("bench", process.cwd()),
      console.error,
    );
    return Number(new URL(url).port);
  };
}

/** Without those of one connection. */
function ownHeaders(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (!/^(?:connection|keep-alive)$/i.test(raw[at]!)) kept.push(raw[at]!, raw[at + 1]!);
  }
  return kept;
}

await measureWays({
  services: { answers: answering, hangs: hanging, endless },
  ways: {
    "forwards by node:http": forwardsByNode,
    "forwards by undici": forwardsByUndici,
    httpxy,
    "@fastify/http-proxy": fastify,
    "sidelane proxy, comparison off": proxying("answers", { rollout: "off" }),
    "sidelane proxy, everything compared": proxying("answers"),
    "sidelane proxy, a dead candidate": proxying("http://127.0.0.1:1"),
    "sidelane proxy, a hung candidate": proxying("hangs", { limits: { timeoutMs: 300 } }),
    "sidelane proxy, an endless candidate": proxying("endless", { limits: { timeoutMs: 300 } }),
  },
});
