import type { PublisherLike } from "../../model/publisher.ts";
import { ndjsonPublisher } from "../../publishers/ndjson/index.ts";
import { prometheusPublisher } from "../../publishers/prometheus.ts";
import { webhookPublisher } from "../../publishers/webhook/index.ts";
import { MetricsRegistry } from "../metrics-registry.ts";
import type { ProxyConfig, PublisherConfig } from "./config.ts";
import type { Surroundings } from "./files.ts";

/** Publishers, and what the page of metrics prints. */
export interface Published {
  readonly publishers: readonly PublisherLike[];
  readonly metrics: MetricsRegistry | undefined;
}

/** @throws {ConfigError} {@link SidelaneError} */
export function publishersOf({ publishers, results }: ProxyConfig, around: Surroundings): Published {
  const given: PublisherConfig[] = [...(publishers ?? [])];
  if (results !== undefined) given.unshift({ type: "ndjson", path: results });
  else if (publishers === undefined) given.push({ type: "ndjson" });
  const metrics = given.some(({ type }) => type === "prometheus") ? new MetricsRegistry() : undefined;
  return {
    publishers: given.map((each, index) => publisherOf(each, `publishers[${index}]`, around, metrics)),
    metrics,
  };
}

function publisherOf(
  given: PublisherConfig,
  key: string,
  around: Surroundings,
  metrics: MetricsRegistry | undefined,
): PublisherLike {
  switch (given.type) {
    case "ndjson": {
      const { path = "sidelane.ndjson" } = given;
      return ndjsonPublisher({ ...withoutType(given), path: around.path(path) });
    }
    case "webhook": {
      const { url, headers } = given;
      const sent = Object.entries(headers ?? {}).map(([name, secret]) => [
        name,
        around.secret(`${key}.headers`, secret),
      ]);
      return webhookPublisher({
        ...withoutType(given),
        url: around.secret(`${key}.url`, url),
        headers: Object.fromEntries(sent) as Record<string, string>,
      });
    }
    case "prometheus": {
      const { prefix } = given;
      return prometheusPublisher({ client: metrics!.client, ...(prefix !== undefined && { prefix }) });
    }
  }
}

function withoutType<Given extends { readonly type: string }>(given: Given): Omit<Given, "type"> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name !== "type")) as Omit<Given, "type">;
}
