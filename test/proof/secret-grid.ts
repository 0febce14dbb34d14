/** Forty secrets by their shape. None of them is real; those that look like a vendor's are put together here. */
export const shapes: Readonly<Record<string, string>> = {
  "forge token": "ghp_" + "A1b2C3d4E5f6G7h8J9k0L1m2N3o4P5q6R7s8",
  "fine-grained forge token": "github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz0123456789",
  "other forge's token": "glpat-aaaaBBBBcccc1111dddd",
  "runner token": "glrt-aaaaBBBBcccc1111dddd",
  "cloud access key": "AKIA" + "Q3EGRMZB4EXAMPLE",
  "temporary cloud key": "ASIA" + "Q3EGRMZB4EXAMPLE",
  "payment key": "sk_" + "live_abcDEF123456ghiJKL",
  "restricted payment key": "rk_" + "live_abcDEF123456ghiJKL",
  "webhook secret": "whsec_abcdefghij0123456789ABCD",
  "chat token": "xoxb-" + "123456789012-abcdefGHIJ",
  "chat app token": "xapp-" + "1-A0123456-abcdef0123",
  "maps key": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
  "access token of a cloud": "ya29.a0AfH6SMBx1234567890abcdef",
  "client secret of a cloud": "GOCSPX-abcdefghij0123456789",
  "registry token": "npm_abcdefghijABCDEFGHIJ0123456789abcdef",
  "model key": "sk-proj-abcdefghij0123456789ABCDEFGHIJ",
  "other model key": "sk-ant-api03-abcdefghij0123456789ABCDEFGHIJ",
  "mail key": "SG.abcdefghijklmnopqrstuv.ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg",
  "telephony account": "AC" + "0123456789abcdef0123456789abcdef",
  "shop token": "shpat_" + "0123456789abcdef0123456789abcdef",
  "host token": "dop_v1_" + "0123456789abcdef".repeat(4),
  "model hub token": "hf_abcdefghijABCDEFGHIJ0123456789",
  "package index token": "pypi-" + "AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAw",
  "warehouse token": "dapi" + "0123456789abcdef0123456789abcdef",
  "vault token": "hvs.CAESIAbcdefghij0123456789ABCDEF",
  "observability key": "NRAK-ABCDEFGHIJKLMNOPQRSTUVWXYZ0",
  "bot token": "123456789:AA" + "abcdefghijABCDEFGHIJ0123456789abcd",
  "tracker key": "lin_api_abcdefghijABCDEFGHIJ0123456789",
  "encryption key": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE",
  "tracing token": "sntrys_abcdefghijABCDEFGHIJ0123456789",
  "web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLXRva2Vu",
  "private key": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPlantedPlantedPlanted\n-----END PRIVATE KEY-----",
  "key for shells":
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n-----END OPENSSH PRIVATE KEY-----",
  "scheme with a token": "Bearer abcDEF123456abcDEF123456",
  "basic credentials": "Basic YWRhOmh1bnRlcjI6YWJjZGVm",
  "URL with a password": "postgres://ada:hunter2planted@db.example.test/app",
  "signed URL": "https://b.example.test/k?X-Amz-Signature=0a1b2c3d4e5f60718293a4b5c6d7e8f9",
  "card number": "4111111111111111",
  "account number": "DE89370400440532013000",
  "e-mail address": "ada.lovelace+planted@example.org",
};

/** The part of each that has to stay inside: of a URL, what opens it. */
export function partsOf(secret: string): readonly string[] {
  if (secret.startsWith("postgres:")) return ["hunter2planted"];
  if (secret.startsWith("https:")) return ["0a1b2c3d4e5f60718293a4b5c6d7e8f9"];
  if (/^B(?:earer|asic) /.test(secret)) return [secret.slice(secret.indexOf(" ") + 1)];
  if (secret.startsWith("-----")) return [secret.split("\n")[1]!];
  return [secret, secret.slice(-12)];
}

class Customer {
  note: string;
  constructor(note: string) {
    this.note = note;
  }
}

class Purse {
  readonly #note: string;
  constructor(note: string) {
    this.#note = note;
  }
  read(): string {
    return this.#note;
  }
}

type Sides = readonly [control: () => unknown, candidate: () => unknown];

const both = (make: (text: string) => unknown, secret: string): Sides => [() => make(secret), () => make("other")];
const thrown =
  (make: () => unknown): (() => unknown) =>
  () => {
    throw make();
  };
const formOf = (name: string, value: string): FormData => {
  const form = new FormData();
  form.set(name, value);
  return form;
};
const classNamed = (name: string): object =>
  new (Object.defineProperty(class {}, "name", { value: name }) as unknown as new () => object)();

/** Where a secret may lie in what two sides do. */
export const places: Readonly<Record<string, (secret: string) => Sides>> = {
  "a value": (secret) => both((text) => text, secret),
  "a field": (secret) => both((note) => ({ note }), secret),
  "within a text": (secret) => both((text) => ({ note: `use ${text} now` }), secret),
  "a field that looks like a name": (secret) => both((text) => ({ status: text, code: text }), secret),
  "a list": (secret) => both((text) => [1, [text]], secret),
  "a key": (secret) => both((text) => ({ [text]: 1 }), secret),
  "a key below": (secret) => both((text) => ({ byName: { [text]: { total: text.length } } }), secret),
  "a map's value": (secret) => both((text) => new Map([["key", text]]), secret),
  "a map's key": (secret) => both((text) => new Map([[text, 1]]), secret),
  "a set": (secret) => both((text) => new Set([text]), secret),
  "an instance": (secret) => both((text) => new Customer(text), secret),
  "a class's name": (secret) => both(classNamed, secret),
  "a message": (secret) => [thrown(() => new Error(`no ${secret}`)), () => 1],
  "a candidate's message": (secret) => [() => 1, thrown(() => new Error(`no ${secret}`))],
  "a code": (secret) => [thrown(() => Object.assign(new Error("no"), { code: secret })), () => 1],
  "an error's name": (secret) => [thrown(() => Object.assign(new Error("no"), { name: secret })), () => 1],
  "a cause": (secret) => [thrown(() => new Error("no", { cause: new Error(secret) })), () => 1],
  "what is thrown": (secret) => [thrown(() => secret), () => 1],
  "a field of an error": (secret) => [thrown(() => Object.assign(new Error("no"), { detail: secret })), () => 1],
  "a value beside an error": (secret) => [() => ({ note: secret }), thrown(() => new Error("no"))],
  "the path of what is opaque": (secret) => both((text) => ({ [text]: () => text }), secret),
  "the path of what has private state": (secret) => both((text) => ({ [text]: new Purse(text) }), secret),
  "a symbol": (secret) => both((text) => Symbol(text), secret),
  "the order of a list": (secret) => [() => [{ id: secret }, { id: "b" }], () => [{ id: "b" }, { id: secret }]],
  "a URL's query": (secret) =>
    both((text) => new URL(`https://a.example.test/?token=${encodeURIComponent(text)}`), secret),
  "search parameters": (secret) => both((text) => new URLSearchParams({ token: text }), secret),
  "a form": (secret) => both((text) => formOf("password", text), secret),
  headers: (secret) => both((text) => new Headers({ authorization: text.replaceAll("\n", " ") }), secret),
};
