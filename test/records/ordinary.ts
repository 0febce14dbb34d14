/** Two hundred names of fields, and codes of errors, as programs have them. None of them is data. */
export const ordinaryFields: readonly string[] = `
id uuid name firstName lastName fullName displayName title description summary body content text label caption
status state kind type category group role level rank order position index offset limit page pageSize total count
amount price unitPrice netPrice grossPrice taxRate tax discount currency quantity weight height width depth size
createdAt updatedAt deletedAt startedAt endedAt expiresAt dueDate date time timestamp duration timeoutMs
street city region country countryCode postalCode zip address billingAddress shippingAddress latitude longitude
email phone mobile website url href link image thumbnail avatar color language locale timezone
user users owner author assignee reviewer customer customerId supplier vendor company department team members
items lines rows columns entries results data meta metadata attributes properties options settings flags tags
parent children ancestors left right next previous first last min max average median sum
enabled active visible archived verified isAdmin hasChildren canEdit required optional readonly
error errors message reason cause stack warnings version revision build commit branch environment
invoice invoiceNumber orderId orderNumber cart basket shipment tracking carrier payment method`
  .trim()
  .split(/\s+/);

export const ordinaryCodes: readonly string[] = `
ECONNRESET ECONNREFUSED ECONNABORTED ENOTFOUND ETIMEDOUT EPIPE EAI_AGAIN ENOENT EACCES EEXIST EISDIR EMFILE ENOSPC
EPERM EADDRINUSE EHOSTUNREACH ENETUNREACH ERR_INVALID_ARG_TYPE ERR_OUT_OF_RANGE ERR_STREAM_DESTROYED ERR_HTTP2_ERROR
ERR_MODULE_NOT_FOUND ERR_REQUIRE_ESM ABORT_ERR UND_ERR_CONNECT_TIMEOUT UND_ERR_SOCKET
P1001 P2002 P2003 P2025 23505 23503 40001 40P01 42P01 57014 0A000 22P02 ORA-00942 ORA-12154 E11000
ER_DUP_ENTRY ER_LOCK_DEADLOCK SQLITE_BUSY SQLITE_CONSTRAINT WRONGTYPE NOSCRIPT
not_found invalid_request permission-denied unauthenticated resource-exhausted auth/expired auth/user-not-found
ResourceNotFoundException ThrottlingException ConditionalCheckFailedException AccessDeniedException ValidationError`
  .trim()
  .split(/\s+/);

/** As many values as data has that is nobody's secret. */
export const ordinaryValues: readonly (string | number)[] = [
  ...[0, 1, -1, 3.14, 42, 100, 199.99, 1_000_000, 1_700_000_000, 1_700_000_000_000, 2 ** 31, 2 ** 53 - 1],
  ...Array.from({ length: 40 }, (_, n) => `ORD-${20_250_000 + 137 * n}`),
  ...Array.from({ length: 30 }, (_, n) => new Date(Date.UTC(2026, n % 12, 1 + n, n)).toISOString()),
  ...Array.from({ length: 30 }, (_, n) => `${(n * 17.25).toFixed(2)} EUR`),
  ...Array.from({ length: 20 }, (_, n) => `10.0.${n}.${n * 11}`),
  ...Array.from({ length: 20 }, (_, n) => `v${n}.${n + 3}.${n * 2}-beta.${n}`),
  ...`Berlin|Wien|São Paulo|Ünterstraße 12|12 Main Street|Flat 3, 40 High Road|blue|extra large|in stock|out of stock
shipped|delivered on Tuesday|two of three|50 % off|a/b/c|/var/log/app.log|C:\\data\\file.txt|text/html; charset=utf-8
application/json|en-GB|Europe/Berlin|GET /orders/17 200|SELECT 1|name asc|page=2&size=50|?sort=price|#section-2
https://example.test/orders/17|http://localhost:3000|ftp.example.test|README.md|index.html|4.5 stars|3 x 4 cm|EUR|USD
true|null|undefined|NaN|yes|no|n/a|-|…|Bearer of news|basic needs|token of thanks|a secret garden|passwordless
the key to success|cookie recipes|private beach|sign in here|session three|author: Ada|secretary: Ada|tokenize: yes`
    .split(/[|\n]/)
    .filter((text) => text !== ""),
];
