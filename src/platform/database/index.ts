import { type Database as Access, PooledDatabase } from './pool.ts'

export { sql } from 'kysely'
export { type Statements, statementsOf } from './client-queries.ts'
export { plainComment } from './comments.ts'
export { CopyInto } from './copies.ts'
export { type EmbeddedServer, startEmbedded } from './embedded.ts'
export { restoredPath, stopLeftovers } from './embedded-cluster.ts'
export { type Lock, takeLock } from './embedded-lock.ts'
export { findIsolationFaults } from './isolation.ts'
export { type MigrationStatus, migrateDatabase, readMigrationStatus } from './migrate.ts'
export { bringRows, bringTenant, type MirroredColumns, type MirrorOptions, refreshMirrors } from './mirrors.ts'
export { isAway, type Place, PlacedDatabase, type Places } from './placed.ts'
export { json, query } from './query.ts'
export type { Queryable, Reader, Scope, Seen } from './queryable.ts'
export type { ReplicaOptions } from './replica.ts'
export { type Fallbacks, type ReplicaStatus, Replicas } from './replicas.ts'
export { ReportDatabase, type Reports } from './reports.ts'
export {
  appendLog,
  applyChanges,
  asReplica,
  beginNoting,
  type Changes,
  connectSide,
  copyTable,
  countTenantRows,
  type Digest,
  digest,
  endNoting,
  findDangling,
  forgetChanges,
  holdMove,
  leadingOut,
  leave,
  pause,
  readChanges,
  referredValues,
  removeRows,
  removeTenantRows,
  resume,
  type Side,
} from './row-moves.ts'
export { onSignal, sendSignal } from './signals.ts'
export { leaveSystemScope } from './system-scope.ts'
export { columnList, quoted, readTenantTables, type TenantTable } from './tenant-tables.ts'
export { uuidPattern } from './values.ts'
export { onViolation } from './violations.ts'
export type Database = Access
/** One PostgreSQL database; see `PlacedDatabase` for what finds each tenant's own. */
export const Database = PooledDatabase
