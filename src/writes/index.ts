export { AlreadyWrittenError } from "./errors.ts";
export type { WritesEvent, WritesEventKind } from "./events.ts";
export { unordered, type UnorderedKey } from "./operation.ts";
export type {
  Invariant,
  MaxLag,
  RecordStore,
  ScannedRecord,
  ParallelWritesOptions,
  WriteAbout,
  WriteSide,
} from "./options.ts";
export { memoryOutbox, type MemoryOutbox, type MemoryOutboxOptions, type MemoryTransaction } from "./outbox/memory.ts";
export { postgresqlOutbox, type PostgresqlClient, type PostgresqlOutboxOptions } from "./outbox/postgresql.ts";
export { sqliteOutbox, type SqliteDatabase, type SqliteOutboxOptions } from "./outbox/sqlite.ts";
export type {
  Fence,
  HistoryEntry,
  KnownId,
  OutboxCounts,
  OutboxEntry,
  OutboxRow,
  OutboxStore,
  PastEntry,
  Position,
  Postponed,
  SideName,
  StreamOf,
} from "./outbox/store.ts";
export { outboxMigrations, type TableNames } from "./outbox/tables.ts";
export {
  parallelWrites,
  type BackfillKey,
  type ParallelWrites,
  type WritesHistoryEntry,
  type WritesStatus,
} from "./parallel-writes.ts";
export type { ReadsPartition } from "./reads.ts";
export type { Finding, Reconciliation, ReconcileOptions } from "./reconcile.ts";
export type { ByPerson } from "./persons.ts";
export type { WishedStage, WritesRollout, WritesStage } from "./stage.ts";
export type { WorkOptions } from "./worker.ts";
