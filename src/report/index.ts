export { dashboard, type DashboardOptions } from "./dashboard.ts";
export { htmlOf } from "./html.ts";
export { markdownOf } from "./markdown.ts";
export { textOf, type TextOptions } from "./text.ts";
export { summary, type SummaryOptions, type SummarySource } from "./summary.ts";
export type { EngineQuery, EvidenceEngine } from "./engines/engine.ts";
export { clickhouseEngine, type ClickhouseEngineOptions, type ClickhouseReader } from "./engines/clickhouse.ts";
export { duckdbEngine, exportParquet, type DuckdbEngineOptions } from "./engines/duckdb.ts";
export { sqlEngine, type SqlEngineOptions } from "./engines/sql.ts";
export type {
  ReportCandidate,
  ReportExperiment,
  ReportGroup,
  ReportLatency,
  ReportLosses,
  ReportModel,
  ReportProcess,
  ReportStep,
  ReportVerdict,
  ReportVerdictKind,
} from "./model.ts";
