import { connect, type Socket } from "node:net";

/** What a load came to. */
export interface Load {
  readonly perSecond: number;
  /** Of all answers, in milliseconds, rising. */
  readonly latencies: readonly number[];
}

const request = Buffer.from(
  [
    "GET /products/42?currency=eur HTTP/1.1",
    "Host: shop.example",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "Accept: application/json",
    "Accept-Language: en-US,en;q=0.9",
    "Accept-Encoding: gzip, deflate, br",
    "Cookie: sid=0123456789abcdef0123456789abcdef",
    "X-Request-Id: 7f1c6f3e-3d0e-4f43-9a1b-6a4a0f4a9c11",
    "",
    "",
  ].join("\r\n"),
);

/** One connection that sends the same request again and again, one at a time, with less work than a client of `node:http`. */
class Caller {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #done: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("close", () => this.#done?.());
  }

  static async open(port: number): Promise<Caller> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Caller(socket);
  }

  ask(): Promise<void> {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#received.toString("latin1", 0, end);
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(head) ?? [];
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
    if (status !== "200" || length === undefined) throw new Error(`An answer that was not planned: ${head}`);
    if (this.#received.length < end + 4 + Number(length)) return;
    this.#received = Buffer.alloc(0);
    this.#done?.();
  }
}

/** So many connections, each of which asks as soon as it was answered. */
export async function saturate(port: number, connections: number, forMs: number): Promise<Load> {
  const callers = await Promise.all(Array.from({ length: connections }, () => Caller.open(port)));
  const latencies: number[] = [];
  const startedAt = performance.now();
  await Promise.all(
    callers.map(async (caller) => {
      for (let sentAt = performance.now(); sentAt < startedAt + forMs; sentAt = performance.now()) {
        await caller.ask();
        latencies.push(performance.now() - sentAt);
      }
    }),
  );
  const perSecond = latencies.length / ((performance.now() - startedAt) / 1_000);
  for (const caller of callers) caller.close();
  return { perSecond, latencies: latencies.sort((a, b) => a - b) };
}

/** An open loop: requests go out at a rate, whether answers come or not. */
export async function openLoop(port: number, ratePerSecond: number, requests: number): Promise<Load> {
  const idle: Caller[] = await Promise.all(Array.from({ length: 16 }, () => Caller.open(port)));
  const all = [...idle];
  const latencies: number[] = [];
  const startedAt = performance.now();
  let sent = 0;
  const send = async (): Promise<void> => {
    const dueAt = startedAt + (sent++ * 1_000) / ratePerSecond;
    let caller = idle.pop();
    if (caller === undefined) all.push((caller = await Caller.open(port)));
    await caller.ask();
    latencies.push(performance.now() - dueAt);
    idle.push(caller);
  };
  const running: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      while (sent < requests && (sent * 1_000) / ratePerSecond <= performance.now() - startedAt) running.push(send());
      if (sent < requests) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await Promise.all(running);
  for (const caller of all) caller.close();
  return {
    perSecond: requests / ((performance.now() - startedAt) / 1_000),
    latencies: latencies.sort((a, b) => a - b),
  };
}
