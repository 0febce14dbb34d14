import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { IntentSide } from "../../../src/writes/index.ts";
import { empty, type Account, type Booking, type BookingFacts, type Payment } from "../ledger.ts";

/** A ledger behind an API, without transactions: what is sent to it twice is booked twice. */
export interface ApiLedger {
  book(op: Payment, entryId: string | undefined): Promise<Booking>;
  /** The entry of a payment, where it is booked. */
  find(paymentId: string): Promise<Booking | undefined>;
  account(name: string): Promise<Account>;
}

export interface StoredLedger extends ApiLedger {
  readonly accounts: Map<string, Account>;
  readonly entries: Booking[];
  /** The payments in the order of booking, as `payment=entry`. */
  readonly booked: string[];
}

export function storedLedger(name: string): StoredLedger {
  const accounts = new Map<string, Account>();
  const entries: Booking[] = [];
  const booked: string[] = [];
  return {
    ...{ accounts, entries, booked },
    book(op, entryId) {
      for (const [key, cents] of [
        [op.from, -op.cents],
        [op.to, op.cents],
      ] as const) {
        const { cents: had, payments } = accounts.get(key) ?? empty;
        accounts.set(key, { cents: had + cents, payments: [...payments, op.paymentId] });
      }
      const id = entryId ?? `${name}-${entries.length + 1}`;
      entries.push({ id });
      booked.push(`${op.paymentId}=${id}`);
      return Promise.resolve({ id });
    },
    find: (paymentId) =>
      Promise.resolve(
        booked
          .filter((each) => each.startsWith(`${paymentId}=`))
          .map((each) => ({ id: each.slice(paymentId.length + 1) }))[0],
      ),
    account: (key) => Promise.resolve(accounts.get(key) ?? empty),
  };
}

/** The side of `parallelWrites` that books by an API. */
export function sideOfApi(api: ApiLedger): IntentSide<Payment, BookingFacts, Booking, Account> {
  return {
    outbox: "intent",
    async lookup(id) {
      const result = await api.find(id);
      return result === undefined ? undefined : { result };
    },
    write: (op, _, { facts }) => api.book(op, facts?.entryId),
    read: (key) => api.account(key),
  };
}

/** Answers for a ledger by HTTP, on a free port of the loopback. */
export async function serveApi(ledger: StoredLedger): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const [, what = "", name = ""] = (request.url ?? "").split("/").map(decodeURIComponent);
    let body = "";
    request.on("data", (chunk: Buffer) => (body += String(chunk)));
    request.on("end", () => {
      const { op, entryId } = (body === "" ? {} : JSON.parse(body)) as { op: Payment; entryId?: string };
      const answer =
        what === "book" ? ledger.book(op, entryId)
        : what === "find" ? ledger.find(name)
        : ledger.account(name);
      void answer.then((value) => response.end(JSON.stringify(value ?? null)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

export function apiAt(url: string): ApiLedger {
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${url}/${path}`, init);
    return response.json();
  };
  return {
    book: async (op, entryId) => (await ask("book", { op, entryId })) as Booking,
    find: async (id) => ((await ask(`find/${encodeURIComponent(id)}`)) as Booking | null) ?? undefined,
    account: async (name) => (await ask(`account/${encodeURIComponent(name)}`)) as Account,
  };
}
