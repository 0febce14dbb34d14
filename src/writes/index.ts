export type { BackfillKey } from "./backfill.ts";
export type { ReconciliationStatus, WritesStatus } from "./status.ts";
export type { Change, Changes, ChangesSide } from "./changes/changes-side.ts";
export { AlreadyWrittenError } from "./errors.ts";
export type { WritesEventKind } from "../model/writes-remark.ts";
export type { WritesEvent } from "./events.ts";
export { unordered, type UnorderedKey } from "./operation.ts";
export type {
  FoundWrite,
  IntentSide,
  Invariant,
  MaxLag,
  ParallelWritesOptions,
  WriteAbout,
  WriteSide,
} from "./options.ts";
export { memoryOutbox, type MemoryOutbox, type MemoryOutboxOptions } from "./outbox/memory.ts";
export type { MemoryTransaction } from "./outbox/memory-transaction.ts";
export type { PostgresqlClient } from "./outbox/planned-statements.ts";
export { postgresqlOutbox, type PostgresqlOutboxOptions } from "./outbox/postgresql.ts";
export { sqliteOutbox, type SqliteDatabase, type SqliteOutboxOptions } from "./outbox/sqlite.ts";
export type {
  Fence,
  HistoryEntry,
  BucketLag,
  KeptItem,
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
  WritesLag,
} from "./outbox/store.ts";
export { outboxMigrations, type TableNames } from "./outbox/tables.ts";
export type { ReconciledCounts } from "./last-reconciliation.ts";
export { parallelWrites, type ParallelWrites, type WritesHistoryEntry } from "./parallel-writes.ts";
export type { ReadsPartition } from "./reads.ts";
export type { Finding } from "./reconcile/looking.ts";
export type { Reconciliation, ReconcileOptions } from "./reconcile/reconcile.ts";
export type { Digest, KeyRange, RecordStore, ScannedRecord } from "./records/record-store.ts";
export type { ByPerson } from "./persons.ts";
export type { WishedStage, WritesRollout, WritesStage } from "./stage.ts";
export type { WorkOptions } from "./worker.ts";
export { digestSql, type ColumnType, type DigestColumn, type DigestDialect } from "./records/digest-sql.ts";
export { registerDigest, type DigestDatabase } from "./records/register-digest.ts";
export { sqlRecords, type SqlRecordsOptions } from "./records/sql-records.ts";
