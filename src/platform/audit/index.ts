export { AuditFilters, AuditLog, type Changes, listAuditLogs, noTenant } from './audit-logs.ts'
export { type AuditEvent, eventRecord, recordEvent } from './events.ts'
export { findTrackingFaults } from './tracking.ts'
