export { type AuditFilters, type AuditLog, type Changes, listAuditLogs } from './audit-logs.ts'
export { type AuditEvent, recordEvent } from './events.ts'
export { ensureMonthPartitions, findShortHorizons } from './partitions.ts'
