// First address and prefix length of the blocks that IANA has set aside for special purposes, and of multicast.
const privateBlocks4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.31.196.0", 24],
  ["192.52.193.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["192.175.48.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

const privateNames = ["localhost", "local", "internal", "lan", "home.arpa"];

/**
 * Whether a host is one that the public internet cannot reach: a private, loopback, link-local, shared or multicast
 * address, or a name of the same kind (`localhost`, `*.internal`, a name without a dot).
 *
 * @param host a name or an address as `URL.hostname` or a resolver returns it
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 * @example isPrivateHost('169.254.169.254') // => true
 */
export function isPrivateHost(host: string): boolean {
  const bare = host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "")
    .replace(/\.$/, "");
  if (bare.includes(":")) return isPrivate6(bare);
  const address = address4(bare);
  if (address !== undefined) return isPrivate4(address);
  return !bare.includes(".") || privateNames.some((name) => bare.endsWith(`.${name}`));
}

/** An IPv4 address as a number; `undefined` for anything else. */
function address4(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function isPrivate4(address: number): boolean {
  return privateBlocks4.some(([first, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(address / size) === Math.floor(address4(first)! / size);
  });
}

function isPrivate6(text: string): boolean {
  const groups = groups6(text);
  // What cannot be read is not trusted.
  if (groups === undefined) return true;
  const [first = 0, second = 0, third = 0] = groups;
  const last4 = groups[6]! * 65_536 + groups[7]!;
  const zeros = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  if (zeros(0, 5) && groups[5] === 0xffff) return isPrivate4(last4);
  if (first === 0x64 && second === 0xff9b && zeros(2, 6)) return isPrivate4(last4); // IPv4 behind a translator
  // Only these have been given out as global unicast so far; loopback, link-local, unique local, multicast, discard-only,
  // segment routing and the old site-local and IPv4-compatible forms lie outside them.
  if ((first & 0xe000) !== 0x2000) return true;
  if (first === 0x2002) return isPrivate4(second * 65_536 + third); // 6to4
  const isProtocolAssignment = first === 0x2001 && second < 0x200; // Teredo, ORCHID, benchmarking
  const isDocumentation = (first === 0x2001 && second === 0xdb8) || (first === 0x3fff && second < 0x1000);
  const isSinkhole = first === 0x2620 && second === 0x4f && third === 0x8000; // AS112: answers for private addresses
  const isIsatap = (groups[4]! & 0xfdff) === 0 && groups[5] === 0x5efe; // RFC 5214: an IPv4 address at the end
  return isProtocolAssignment || isDocumentation || isSinkhole || (isIsatap && isPrivate4(last4));
}

/** The eight groups of an IPv6 address. `URL` does the hard part: it checks, shortens and makes it hexadecimal. */
function groups6(text: string): number[] | undefined {
  let normal: string;
  try {
    normal = new URL(`http://[${text}]`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
  const [head = "", tail] = normal.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((group) => parseInt(group, 16));
}
