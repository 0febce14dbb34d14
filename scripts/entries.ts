/** Every subpath of the package and the file it opens, the one list that `exports`, the build, the types and the API files follow. */
export const entries: Readonly<Record<string, string>> = {
  ".": "src/index.ts",
  "./compare": "src/compare/index.ts",
  "./rollout": "src/rollout/index.ts",
  "./records": "src/records/index.ts",
  "./render": "src/render/index.ts",
  "./http": "src/http/index.ts",
  "./report": "src/report/index.ts",
  "./testing": "src/testing/index.ts",
  "./recipes": "src/recipes/index.ts",
  "./publishers/clickhouse": "src/publishers/clickhouse/index.ts",
  "./publishers/combine": "src/publishers/combine/index.ts",
  "./publishers/console": "src/publishers/console.ts",
  "./publishers/diagnostics-channel": "src/publishers/diagnostics-channel.ts",
  "./publishers/kafka": "src/publishers/kafka.ts",
  "./publishers/memory": "src/publishers/memory.ts",
  "./publishers/ndjson": "src/publishers/ndjson/index.ts",
  "./publishers/opentelemetry": "src/publishers/opentelemetry.ts",
  "./publishers/pino": "src/publishers/pino.ts",
  "./publishers/prometheus": "src/publishers/prometheus.ts",
  "./publishers/redis-stream": "src/publishers/redis-stream.ts",
  "./publishers/sentry": "src/publishers/sentry.ts",
  "./publishers/sql": "src/publishers/sql/index.ts",
  "./publishers/webhook": "src/publishers/webhook/index.ts",
  "./stores/file": "src/rollout/stores/file.ts",
  "./writes": "src/writes/index.ts",
  "./stores/memory": "src/rollout/stores/memory.ts",
  "./stores/postgresql": "src/rollout/stores/postgresql.ts",
  "./stores/redis": "src/rollout/stores/redis.ts",
};

/** The name of an entry in `dist`, without an extension. */
export function builtName(subpath: string): string {
  return subpath === "." ? "index" : subpath.slice(2);
}
