import type { Result } from "../model/result.ts";
import { signatureOf } from "../compare/signature.ts";
import type { Difference } from "../model/comparison.ts";
import { aResult } from "./a-result.ts";

/** Six secrets that no publisher may write unless it is asked to show values. None of them is real. */
export const plantedSecrets: Readonly<Record<string, string>> = {
  password: "hunter2-Tr0ub4dor&3",
  token: "ghp_s1d3l4n3T0k3nF0rT3st1ngPurp0s3s42",
  email: "ada.lovelace+planted@example.org",
  card: "4929-4212-3456-7890",
  privateKey: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPlantedPlantedPlanted\n-----END PRIVATE KEY-----",
  session: "s%3Apl4nt3d-5e551on.Zm9yIHRlc3Rz",
};

class Customer {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Where a secret may lie in a value. */
const placements: readonly ((secret: string) => unknown)[] = [
  (secret) => secret,
  (secret) => ({ note: secret }),
  (secret) => ({ password: secret, token: secret }),
  (secret) => ({ [secret]: 1 }),
  (secret) => ({ byName: { [secret]: { total: 1 } } }),
  (secret) => [1, [secret]],
  (secret) => new Map([["key", secret]]),
  (secret) => new Map([[secret, 1]]),
  (secret) => new Set([secret]),
  (secret) => new Customer(secret),
  (secret) => new TextEncoder().encode(secret),
  (secret) => new URL(`https://${encodeURIComponent(secret)}@host.test/?token=${encodeURIComponent(secret)}`),
  (secret) => new Error(`failed with ${secret}`),
  (secret) => new Error("outer", { cause: new Error(secret) }),
  (secret) => new AggregateError([new Error(secret)], secret),
  (secret) => Object.assign(new Error("no"), { detail: secret }),
  (secret) => Symbol(secret),
  (secret) => ({ toJSON: () => secret }),
];

const otherSides: readonly unknown[] = [undefined, null, 0, "other", {}, []];

/**
 * Results in which one of the six secrets lies somewhere: as a value, a key, a message, a cause, in a Map, a Buffer, a
 * class instance, a URL; in what was returned or thrown, in the context, in both sides of a difference and in its path.
 *
 * @param random from 0 up to 1; hand in a seeded one, so that a failure can be repeated
 */
export function plantedResults(count: number, random: () => number): Result[] {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const secrets = Object.values(plantedSecrets);
  return Array.from({ length: count }, () => {
    const secret = pick(secrets);
    const planted = pick(placements)(secret);
    const other = pick(otherSides);
    const differences: [Difference] = [
      pick<Difference>([
        { path: "$", kind: "value", control: planted, candidate: other },
        { path: "$.note", kind: "type", control: other, candidate: planted },
        { path: `$[${JSON.stringify(secret)}]`, kind: "added", candidate: planted },
        { path: `$.byName[${JSON.stringify(secret)}].total`, kind: "removed", control: planted },
        { path: `$[key ${JSON.stringify(secret)}]`, kind: "value", control: 1, candidate: 2 },
        { path: "$", kind: "type", control: `threw Error: ${secret}`, candidate: "returned object" },
      ]),
    ];
    const outcome = { kind: "returned", value: planted } as const;
    const thrown = { kind: "threw", error: planted } as const;
    return aResult({
      context: random() < 0.5 ? { cart: planted } : {},
      control: { outcome: random() < 0.7 ? outcome : thrown },
      candidates: [
        {
          outcome: random() < 0.7 ? outcome : thrown,
          comparison: pick([
            { kind: "mismatch", differences, signature: signatureOf(differences).id },
            { kind: "ignored", rule: "known", differences },
            { kind: "inconclusive", reason: "comparer threw", error: planted },
          ] as const),
        },
      ],
    });
  });
}

/**
 * Which secrets lie in what a publisher has written; also where it was escaped as JSON, in URLs, in hex or in base64.
 *
 * @returns their names, such as `["password"]`; empty is what you want
 */
export function secretsIn(written: string): string[] {
  return Object.entries(plantedSecrets)
    .filter(([, secret]) => spellings(secret).some((spelling) => written.includes(spelling)))
    .map(([name]) => name);
}

function spellings(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    encodeURIComponent(secret),
    hex,
    btoa(secret).replace(/=+$/, ""),
    bytes.join(","),
    // Half of a secret is a leak, too.
    secret.slice(-12),
  ];
}
