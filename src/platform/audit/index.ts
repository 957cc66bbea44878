export { type AuditFilters, AuditLog, type Changes, listAuditLogs } from './audit-logs.ts'
export { recordEvent } from './events.ts'
