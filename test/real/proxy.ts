import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * What is wrong with a way: `cut` ends and refuses connections, `black hole` holds what is sent until it is mended, as a network does that
 * loses packets, `to server` and `from server` hold one direction alone, and `delay` makes each direction late.
 */
export type Fault = "cut" | "black hole" | "to server" | "from server" | "delay";

export const faults: readonly Fault[] = ["cut", "black hole", "to server", "from server", "delay"];

/** A TCP proxy on the loopback, whose way to a server can be disturbed. */
export interface Proxy {
  readonly port: number;
  /** @param delayMs of each direction, for `delay` */
  disturb(fault: Fault, delayMs?: number): void;
  /** Delivers what was held. */
  mend(): void;
  close(): Promise<void>;
}

type Direction = "to server" | "from server";

/** One direction of one connection. What is `null` is the end. */
interface Lane {
  readonly to: Socket;
  readonly direction: Direction;
  readonly held: { readonly chunk: Buffer | null; readonly due: number }[];
}

export async function startProxy(target: number): Promise<Proxy> {
  const lanes = new Set<Lane>();
  const sockets = new Set<Socket>();
  let fault: Fault | undefined;
  let delayMs = 0;

  const isHeld = (direction: Direction): boolean => fault === "black hole" || fault === direction;
  function pass(lane: Lane): void {
    while (lane.held.length > 0 && !isHeld(lane.direction) && lane.held[0]!.due <= performance.now()) {
      const { chunk } = lane.held.shift()!;
      if (chunk !== null) lane.to.write(chunk);
      else lane.to.end();
    }
  }
  function join(from: Socket, to: Socket, direction: Direction): void {
    const lane: Lane = { to, direction, held: [] };
    lanes.add(lane);
    const take = (chunk: Buffer | null): void => {
      const late = fault === "delay" ? delayMs : 0;
      lane.held.push({ chunk, due: performance.now() + late });
      if (late === 0) pass(lane);
      else setTimeout(() => pass(lane), late + 1);
    };
    from.on("data", take);
    from.on("end", () => take(null));
    from.on("close", () => {
      sockets.delete(from);
      if (lane.held.length === 0 && !to.destroyed && !to.writableEnded) take(null);
    });
    to.on("close", () => lanes.delete(lane));
    from.on("error", () => undefined);
  }

  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    if (fault === "cut") return void client.destroy();
    const upstream = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      socket.setNoDelay();
      sockets.add(socket);
    }
    join(client, upstream, "to server");
    join(upstream, client, "from server");
    upstream.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    disturb(next, late = 0) {
      fault = next;
      delayMs = late;
      if (next === "cut") for (const socket of sockets) socket.destroy();
    },
    mend() {
      fault = undefined;
      for (const lane of lanes) pass(lane);
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
