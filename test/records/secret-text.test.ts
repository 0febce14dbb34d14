import { describe, expect, it } from "vitest";
import { compileRedaction } from "../../src/records/redaction.ts";
import { keyMatcher, secretKeys } from "../../src/records/secret-keys.ts";

const redaction = compileRedaction();

describe("secrets in a text", () => {
  it.each([
    ["a token of a source forge", "ghp_A1b2C3d4E5f6G7h8J9k0L1m2N3o4P5q6R7s8"],
    ["a fine-grained one", "github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz0123456789"],
    ["a forge's access token", "glpat-aaaaBBBBcccc1111dddd"],
    ["a cloud's access key", "AKIAQ3EGRMZB4EXAMPLE"],
    ["a payment key", "sk_" + "live_abcDEF123456ghiJKL"],
    ["a chat token", "xoxb-" + "123456789012-abcdefGHIJ"],
    ["a maps key", "AIzaSyA1234567890abcdefghijklmnopqrstuv"],
    ["a registry token", "npm_abcdefghijABCDEFGHIJ0123456789abcdef"],
    ["a model provider's key", "sk-proj-abcdefghij0123456789ABCDEFGHIJ"],
    ["a mail key", "SG.abcdefghijklmnopqrstuv.ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"],
    ["an image registry's token", "dckr_pat_abcdefghijABCDEFGHIJ01234567"],
    ["a model host's token", "r8_" + "abcdefghijABCDEFGHIJ0123456789abcdefg"],
    ["a fast model's key", "gsk_" + "abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ01"],
    ["an answering machine's key", "pplx-" + "abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ"],
    ["a mailer's key", "xkeysib-" + "0123456789abcdef".repeat(4) + "-abcdefghijABCDEF"],
    ["a mailing list's key", "0123456789abcdef0123456789abcdef-us12"],
    ["a monitor's token", "dt0c01." + "ABCDEFGHIJKLMNOPQRSTUVWX" + "." + "A1B2C3D4".repeat(8)],
    ["a stack's token", "pul-" + "0123456789abcdef0123456789abcdef01234567"],
    ["a state server's token", "abcdefghijABCD.atlasv1." + "abcdefghijABCDEFGHIJ0123456789".repeat(2)],
    ["a gem server's key", "rubygems_" + "0123456789abcdef".repeat(3)],
    ["an app password of a forge", "ATBB" + "abcdefghijABCDEFGHIJ0123456789ab"],
    ["a platform's key", "HRKU-01234567-89ab-cdef-0123-456789abcdef"],
    ["a private app's token", "pat-na1-01234567-89ab-cdef-0123-456789abcdef"],
    ["another cloud's key", "LTAI" + "abcdefghijABCDEFGHIJ"],
    ["a directory's client secret", "abc8Q~" + "abcdefghijABCDEFGHIJ0123456789abcd"],
    ["a notebook's token", "ntn_" + "abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEF"],
    ["a site host's token", "nfp_" + "abcdefghijABCDEFGHIJ0123456789abcdef"],
    ["a database host's token", "sbp_" + "0123456789abcdef0123456789abcdef01234567"],
    ["a shipper's key", "shippo_live_" + "0123456789abcdef0123456789abcdef01234567"],
    ["a vault's service account", "ops_eyJ" + "abcdefghijABCDEFGHIJ0123456789".repeat(3)],
    ["a JSON web token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLXRva2Vu"],
    ["an account number", "DE89370400440532013000"],
    ["one in groups", "GB29 NWBK 6016 1331 9268 19"],
    ["a card number before its date", "4111 1111 1111 1111 12"],
    ["a social security number", "123-45-6789"],
    ["an address with an umlaut", "jürgen@bücher.example"],
  ])("sees %s", (_, secret) => {
    const shown = redaction.text(`use ${secret.replace(/ 12$/, "")} now`);
    expect(shown).toBe("use [redacted] now");
  });

  it.each([
    ["Authorization: Token 0123456789abcdef", "Authorization: [redacted]"],
    ['Authorization: Digest username="ada", response="0123"\nnext', "Authorization: [redacted]\nnext"],
    ["Cookie: theme=dark; sid=1; other=2", "Cookie: [redacted]"],
    ["Set-Cookie: a=1; Path=/", "Set-Cookie: [redacted]"],
    ["login with password='correct horse' failed", "login with password='[redacted]' failed"],
    ["password:  hunter2", "password:  [redacted]"],
    ["password => hunter2", "password => [redacted]"],
    ["AccountName=shop;AccountKey=a2V5LzEy==;", "AccountName=shop;AccountKey=[redacted];"],
    ["https://discord.com/api/webhooks/1234/a_B-c", "https://discord.com/api/webhooks/[redacted]"],
    [
      "https://shop.webhook.office.com/webhookb2/a1@b2/IncomingWebhook/c3",
      "https://shop.webhook.office.com/webhookb2/[redacted]",
    ],
    ["PGPASSWORD=hunter2 psql", "PGPASSWORD=[redacted] psql"],
    ["https://b.host.test/k?X-Amz-Signature=0a1b&x=1", "https://b.host.test/k?X-Amz-Signature=[redacted]&x=1"],
    ["https://a.host.test/c?sv=2019&sig=Z%2F1", "https://a.host.test/c?sv=2019&sig=[redacted]"],
    ['{"user":"ada","token":"a\\"b","page":2}', '{"user":"ada","token":"[redacted]","page":2}'],
    ['{\\"token\\":\\"a b\\",\\"page\\":2}', '{\\"token\\":\\"[redacted]\\",\\"page\\":2}'],
    ['{"tokens":["a","b"],"page":2}', '{"tokens":[redacted],"page":2}'],
    ["-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY----- and more", "[redacted] and more"],
  ])("takes the value of a name away, and all of it: %j", (text, shown) => {
    expect(redaction.text(text)).toBe(shown);
  });

  it.each([
    ...[
      "order 1234567890123",
      "at 1700000000000 ms",
      "1.2.3.4:80",
      "10:30",
      "P2002 unique constraint",
      "page=2&size=50",
    ],
    ...[
      "https://example.test/a/b?c=d",
      "secretary: Ada",
      "DE00 0000 0000 0000 0000 00",
      "user@",
      "tokenize: yes",
      "a@b",
    ],
    ...["2026-01-01T00:00:00Z", "version 10.20.30", "path: $.items[3].price", "Bearer of news", "AC/DC", "key=value"],
  ])("leaves ordinary text alone: %j", (text) => expect(redaction.text(text)).toBe(text));

  it.each([
    ["capitals", "A"],
    ["base64", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0"],
    ["beginnings of web tokens", "eyJ-"],
    ["address signs", "a@"],
    ["equals signs", "token="],
    ["beginnings of keys", "-----BEGIN RSA PRIVATE KEY-----"],
    ["digits", "4111 "],
    ["URLs", "https://a:"],
    ["open brackets", "tokens:["],
    ["open quotes", 'token:"\\'],
    ["countries", "DE89 "],
  ])("takes time in proportion to the length, of %s", { retry: 5 }, (_, part) => {
    const time = (length: number): number => {
      const text = part.repeat(Math.ceil(length / part.length));
      let least = Infinity;
      for (let round = 0; round < 5; round++) {
        const startedAt = performance.now();
        redaction.text(text);
        least = Math.min(least, performance.now() - startedAt);
      }
      return least;
    };
    time(50_000);
    // Four times the text: four times the time, where a quadratic search would take sixteen times. A millisecond is noise.
    expect(time(200_000)).toBeLessThan(time(50_000) * 9 + 2);
  });
});

describe("names of keys", () => {
  const isSecret = keyMatcher(secretKeys);

  it.each([
    ...[
      "password2",
      "apiKey2",
      "token1",
      "accesstoken",
      "refreshToken",
      "PGPASSWORD",
      "PHPSESSID",
      "JSESSIONID",
      "userpassword",
    ],
    ...[
      "clientsecret",
      "oauth",
      "mysql_pwd",
      "pass",
      "dbPass",
      "passwort",
      "creditcardnumber",
      "emailaddress",
      "dob",
      "X-API-Key",
    ],
    ...[
      "pass2",
      "userpass",
      "sessionkey",
      "signingkey",
      "authkey",
      "masterKey",
      "encryption_key",
      "AccountKey",
      "sshKey",
    ],
    ...["ccnumber", "cc_number", "securitycode", "totpSecret", "recovery_codes", "hmac", "creds", "connectionString"],
    ...["privateKeyPem", "OAuth2Token", "x-apikey", "sessid", "a".repeat(199) + ".password", "k".repeat(501)],
  ])("finds %s", (key) => expect(isSecret(key)).toBe(true));

  it.each([
    ...[
      "id",
      "name",
      "total",
      "secretary",
      "tokenizer",
      "boardingPass",
      "passCount",
      "bypass",
      "compass",
      "author",
      "spin",
    ],
    ...["panel", "phonebook", "sha256", "line2", "bearing", "hotspot", "state", "cartId", "createdAt", "ibanez"],
  ])("leaves %s", (key) => expect(isSecret(key)).toBe(false));
});
