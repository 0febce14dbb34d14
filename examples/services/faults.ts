/** A fault that is planted in the new service, and how it shows. */
export interface Fault {
  readonly name: string;
  readonly route: string;
  /** Where the answers differ; of failures the outcome. */
  readonly shows: string;
}

/** One of each kind. What the old service answers by the time of day differs as well, and is known: `compare.ignore` names it. */
export const faults: readonly Fault[] = [
  { name: "another status: 200 where nothing is", route: "GET /products/{id}", shows: "$.status" },
  { name: "another value: half cents are rounded up", route: "GET /products/{id}", shows: "$.body.discounted" },
  { name: "a key is missing: what is null is left out", route: "GET /customers/{id}", shows: "$.body.phone" },
  { name: "another type: a number is a text", route: "GET /orders/{id}", shows: "$.body.total" },
  { name: "another order of a list", route: "GET /search", shows: "$.body" },
  {
    name: "another header: kept ten times as long",
    route: "GET /categories/{name}",
    shows: '$.headers["cache-control"]',
  },
  { name: "another media type", route: "GET /export", shows: "$.type" },
  { name: "another line of a text", route: "GET /invoices/{id}", shows: "$.body" },
  { name: "another cookie: scripts can read it", route: "GET /login", shows: '$.headers["set-cookie"]' },
  { name: "another redirect: back to itself", route: "GET /help", shows: "$.headers.location" },
  { name: "a failure: 500 for some", route: "GET /statistics/{id}", shows: "threw" },
  { name: "no answer in time", route: "GET /recommendations", shows: "timed-out" },
];

/** Where requests of the demo go; `n` counts them. */
export const traffic: readonly ((n: number) => string)[] = [
  (n) => `/products/${1 + ((n * 7) % 250)}`,
  (n) => `/customers/${1 + (n % 60)}`,
  (n) => `/orders/${1 + (n % 300)}`,
  (n) => `/categories/${["lamp", "chair", "table", "shelf"][n % 4]!}`,
  (n) => `/products/${1 + ((n * 11) % 240)}`,
  () => "/search",
  () => "/export",
  (n) => `/invoices/${n % 9}`,
  () => "/login",
  () => "/help",
  (n) => `/statistics/${n % 20}`,
  () => "/health",
];
