import type { Dialect, DialectName } from "./dialect.ts";
import { postgresql } from "./postgresql.ts";
import { sqlite } from "./sqlite.ts";

export const dialects: Readonly<Record<DialectName, Dialect>> = { sqlite, postgresql };
