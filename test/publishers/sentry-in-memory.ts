import { createTransport, ServerRuntimeClient, type ServerRuntimeClientOptions } from "@sentry/core";

/** A real client of Sentry's own SDK whose transport keeps what it would have sent. */
export function sentryInMemory(): { client: ServerRuntimeClient; sent: string[] } {
  const sent: string[] = [];
  const options: ServerRuntimeClientOptions = {
    dsn: "https://public@sentry.test/1",
    integrations: [],
    stackParser: () => [],
    transport: (transportOptions) =>
      createTransport(transportOptions, async ({ body }) => {
        sent.push(typeof body === "string" ? body : new TextDecoder().decode(body));
        return { statusCode: 200 };
      }),
  };
  const client = new ServerRuntimeClient(options);
  client.init();
  return { client, sent };
}
