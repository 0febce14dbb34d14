import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { webhookPublisher } from "../../../src/publishers/webhook/index.ts";
import { aResult } from "../../../src/testing/a-result.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";

async function serve(answer: RequestListener) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url!);
    server.emit("arrived");
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    origin: `http://127.0.0.1:${port}`,
    arrived: () => once(server, "arrived"),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Publishes one alert to the server; gives what went wrong, and what became of it. */
async function alertTo(origin: string, until?: () => Promise<unknown>) {
  const clock = fixedClock();
  const faults: unknown[] = [];
  let reported: () => void;
  const fault = new Promise<void>((resolve) => (reported = resolve));
  const publisher = webhookPublisher({
    url: `${origin}/hook`,
    allowHosts: ["127.0.0.1"],
    allowHttp: true,
    allowPrivate: true,
    timeoutMs: 1_000,
    clock,
  });
  publisher.attach!({
    onFault({ error }) {
      faults.push(error);
      reported();
    },
  });
  await publisher.publish(aResult());
  if (until) {
    await until();
    clock.advance(1_000);
    await fault;
  } else await Promise.race([Promise.resolve(publisher.flush!()).catch(() => undefined), fault]);
  return { publisher, faults };
}

describe("webhookPublisher against real sockets", () => {
  it("arrives where all is well", async () => {
    const server = await serve((_request, response) => response.end("ok"));
    const { publisher } = await alertTo(server.origin);
    expect(server.requests).toEqual(["/hook"]);
    expect(publisher.counts()).toMatchObject({ sent: 1, held: 0 });
    await server.close();
  });

  it("gives up on a server that hangs", async () => {
    const server = await serve(() => undefined);
    const arrived = server.arrived();
    const { publisher, faults } = await alertTo(server.origin, () => arrived);
    expect(String(faults[0])).toContain("no answer within 1000 ms");
    expect(publisher.counts()).toMatchObject({ sent: 0, held: 1 });
    await server.close();
  });

  it("gives up on a server that sends its headers drop by drop", async () => {
    const server = await serve((request) => {
      request.socket.write("HTTP/1.1 200 OK\r\nx-drip: ");
      const drip = setInterval(() => request.socket.write("."), 5);
      request.socket.on("close", () => clearInterval(drip));
    });
    const arrived = server.arrived();
    const { faults } = await alertTo(server.origin, () => arrived);
    expect(String(faults[0])).toContain("no answer within 1000 ms");
    await server.close();
  });

  it("does not follow a redirect to another origin", async () => {
    const other = await serve((_request, response) => response.end());
    const server = await serve((_request, response) =>
      response.writeHead(307, { location: `${other.origin}/stolen` }).end(),
    );
    const { publisher, faults } = await alertTo(server.origin);
    expect(faults).toHaveLength(1);
    expect(other.requests).toEqual([]);
    expect(publisher.counts()).toMatchObject({ sent: 0, held: 1 });
    await server.close();
    await other.close();
  });

  it("asks once, not at once again, when the answer is 503", async () => {
    const server = await serve((_request, response) => response.writeHead(503).end());
    const { publisher, faults } = await alertTo(server.origin);
    expect(String(faults[0])).toContain("answered 503");
    expect(server.requests).toHaveLength(1);
    expect(publisher.counts()).toMatchObject({ sent: 0, held: 1 });
    await server.close();
  });

  it("lets go of an answer of 1 GB unread", async () => {
    let writtenBytes = 0;
    const closed = resolvers();
    const server = await serve((_request, response) => {
      response.on("close", () => closed.resolve());
      pour(response, (bytes) => (writtenBytes += bytes));
    });
    const { publisher } = await alertTo(server.origin);
    expect(publisher.counts()).toMatchObject({ sent: 1 });
    await closed.promise;
    // What the buffers of both ends take before the connection is closed.
    expect(writtenBytes).toBeLessThan(32e6);
    await server.close();
  });
});

function resolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Writes up to 1 GB as fast as it is taken. */
function pour(response: ServerResponse, onWritten: (bytes: number) => void): void {
  const megabyte = Buffer.alloc(1e6, "x");
  let left = 1_000;
  const next = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1;
      onWritten(megabyte.length);
      if (!response.write(megabyte)) return void response.once("drain", next);
    }
    response.end();
  };
  next();
}
