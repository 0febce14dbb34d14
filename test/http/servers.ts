import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { Laboratory, memoryPublisher } from "../../src/index.ts";

const open: Server[] = [];
const laboratories: Laboratory[] = [];

afterEach(async () => {
  await Promise.all(laboratories.splice(0).map((each) => each.close({ timeoutMs: 100 })));
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

export interface Service {
  readonly url: string;
  /** What came, with its body as text. */
  readonly requests: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[];
  stop(): void;
}

/** A real server on a port of its own, which the end of the test closes. */
export async function service(answer: RequestListener): Promise<Service> {
  const requests: Service["requests"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    requests.push({ method: request.method!, url: request.url!, headers: request.headers, body: "" });
    const index = requests.length - 1;
    request.on("end", () => (requests[index]!.body = body));
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Answers every request with this text. */
export function says(text: string, type = "text/plain", status = 200): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { "content-type": type }).end(text);
  };
}

export function laboratory(): {
  readonly lab: Laboratory;
  readonly results: ReturnType<typeof memoryPublisher>["results"];
  readonly faults: string[];
  readonly events: string[];
} {
  const seen = memoryPublisher();
  const faults: string[] = [];
  const events: string[] = [];
  const lab = new Laboratory({
    publishers: [
      seen,
      { name: "events", publish: () => undefined, publishEvent: (event) => void events.push(event.kind) },
    ],
    onFault: ({ operation, error }) => void faults.push(`${operation}: ${String(error)}`),
  });
  laboratories.push(lab);
  return { lab, results: seen.results, faults, events };
}

export async function eventually(holds: () => boolean, what = "it", timeoutMs = 5_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not come about within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
