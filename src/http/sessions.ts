import type { ResponseHeaders } from "./responses/response-headers.ts";

/** How a candidate's own sessions are kept beside control's. In shadow; while the candidate serves, requests go to it as they came. */
export interface SessionOptions {
  /** Control's cookie that names a caller's session. */
  readonly cookie?: string;
  /** The candidate's token in place of the one in `authorization`; where it returns nothing, none is sent. */
  readonly map?: (token: string) => string | undefined | PromiseLike<string | undefined>;
}

type Named = Pick<ResponseHeaders, "get">;
type WithCookies = Pick<ResponseHeaders, "getSetCookie">;

interface Cookie {
  readonly value: string;
  readonly path: string;
  /** From here on it is sent no more, in milliseconds since 1970. */
  readonly endsAt: number;
}

/** What the candidate has set in one caller's session, by name. */
type Jar = Map<string, Cookie>;

const mostJars = 10_000;
const mostBytes = 8 * 1024 * 1024;
// Of one session; browsers keep about as many of a site, and a header has no room for more.
const mostCookies = 180;
const bytesOfJar = 100;

/** The candidate's own cookies, by control's sessions. The session that was used longest ago goes first. */
export class Sessions {
  readonly #cookie: string | undefined;
  readonly #map: SessionOptions["map"];
  readonly #now: () => number;
  readonly #jars = new Map<string, Jar>();
  #bytes = 0;

  /** @param now by the wall clock, in milliseconds since 1970: cookies end by it */
  constructor({ cookie, map }: SessionOptions, now: () => number) {
    this.#cookie = cookie;
    this.#map = map;
    this.#now = now;
  }

  get size(): number {
    return this.#jars.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Puts the candidate's own cookies and token into the headers of a copy.
   *
   * @param caller the headers that came
   * @param pathname where it goes, for cookies that are of a path
   */
  async applyTo(headers: Pick<Headers, "get" | "set" | "delete">, caller: Named, pathname: string): Promise<void> {
    if (this.#map !== undefined) await this.#applyToken(headers, caller, this.#map);
    if (this.#cookie === undefined) return;
    const sent = cookiesOf(caller.get("cookie"));
    const jar = this.#used(sent.get(this.#cookie));
    const own = cookiesOf(headers.get("cookie"));
    own.delete(this.#cookie);
    const now = this.#now();
    for (const [name, { value, path, endsAt }] of jar ?? []) {
      const isIn = pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
      if (isIn && now < endsAt) own.set(name, value);
      else own.delete(name);
    }
    if (own.size === 0) headers.delete("cookie");
    else headers.set("cookie", [...own].map(([name, value]) => `${name}=${value}`).join("; "));
  }

  /** Keeps what the candidate has set, under the session that control knows the caller by from now on. */
  learn(caller: Named, control: WithCookies, candidate: WithCookies): void {
    if (this.#cookie === undefined) return;
    const name = this.#cookie;
    const now = this.#now();
    const before = cookiesOf(caller.get("cookie")).get(name);
    const given = setCookiesOf(control, now).find((each) => each.name === name && now < each.endsAt)?.value;
    const session = given ?? before;
    const set = setCookiesOf(candidate, now);
    if (session === undefined || (set.length === 0 && session === before)) return;
    const jar: Jar = new Map(this.#used(before));
    for (const { name: each, ...cookie } of set) {
      jar.delete(each);
      if (now < cookie.endsAt) jar.set(each, cookie);
    }
    for (const oldest of jar.keys()) if (jar.size > mostCookies) jar.delete(oldest);
    this.#keep(session, jar);
  }

  async #applyToken(
    headers: Pick<Headers, "set" | "delete">,
    caller: Named,
    map: NonNullable<SessionOptions["map"]>,
  ): Promise<void> {
    const [, scheme, token] = /^(\S+)\s+(.+)$/.exec(caller.get("authorization") ?? "") ?? [];
    if (token === undefined) return;
    const mapped = await map(token);
    if (typeof mapped === "string") headers.set("authorization", `${scheme!} ${mapped}`);
    else headers.delete("authorization");
  }

  #used(session: string | undefined): Jar | undefined {
    const jar = session === undefined ? undefined : this.#jars.get(session);
    if (jar === undefined) return undefined;
    this.#jars.delete(session!);
    this.#jars.set(session!, jar);
    return jar;
  }

  #keep(session: string, jar: Jar): void {
    this.#drop(session);
    this.#jars.set(session, jar);
    this.#bytes += sizeOf(session, jar);
    for (const oldest of this.#jars.keys()) {
      if (this.#jars.size <= mostJars && this.#bytes <= mostBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(session: string): void {
    const jar = this.#jars.get(session);
    if (jar === undefined) return;
    this.#jars.delete(session);
    this.#bytes -= sizeOf(session, jar);
  }
}

/** About, with two bytes a character. */
function sizeOf(session: string, jar: Jar): number {
  let bytes = bytesOfJar + 2 * session.length;
  for (const [name, { value, path }] of jar) bytes += bytesOfJar + 2 * (name.length + value.length + path.length);
  return bytes;
}

function cookiesOf(header: string | null): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return cookies;
}

interface SetCookie extends Cookie {
  readonly name: string;
}

/** By RFC 6265, 5.2: what has no name is none, of an attribute the last one counts, and one that cannot be read is not there. */
function setCookiesOf(headers: WithCookies, now: number): readonly SetCookie[] {
  return headers
    .getSetCookie()
    .map((header) => readSetCookie(header, now))
    .filter(({ name }) => name !== "");
}

function readSetCookie(header: string, now: number): SetCookie {
  const [pair = "", ...attributes] = header.split(";");
  const at = pair.indexOf("=");
  const read = (name: string): string | undefined =>
    attributes
      .map((each) => each.trim())
      .findLast((each) => each.toLowerCase().startsWith(`${name}=`))
      ?.slice(name.length + 1);
  const path = read("path");
  return {
    name: pair.slice(0, Math.max(at, 0)).trim(),
    value: pair.slice(at + 1).trim(),
    path: path?.startsWith("/") ? path : "/",
    endsAt: endOf(read("max-age"), read("expires"), now),
  };
}

function endOf(maxAge: string | undefined, expires: string | undefined, now: number): number {
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge))
    return Number(maxAge) <= 0 ? -Infinity : now + 1_000 * Number(maxAge);
  const at = expires === undefined ? NaN : Date.parse(expires);
  return Number.isNaN(at) ? Infinity : at;
}
