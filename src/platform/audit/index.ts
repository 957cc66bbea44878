export { type AcceptedFork, acceptFork } from './accepted-forks.ts'
export { adviceFor } from './advice.ts'
export type { ArchiveFiles } from './archive-comparison.ts'
export { AuditFilters, AuditLog, type Changes, listAuditLogs, noTenant } from './audit-logs.ts'
export { type Checkpoint, readCheckpoint, type Signer, type Signers } from './checkpoints.ts'
export { type ContinuedCopy, continueCopy } from './continued-copies.ts'
export { openErasedSubjectsFile } from './erased-subjects-file.ts'
export {
  countSubject,
  eraseSubject,
  findSubjectAddresses,
  ListedErasure,
  listErasures,
  listUnerased,
  type SubjectCount,
  type SubjectErasure,
} from './erasures.ts'
export { errors as auditErrors } from './errors.ts'
export { type AuditEvent, eventRecord, listEventDetails, recordEvent } from './events.ts'
export { type ExportFormat, exportAuditLogs, exportFormats } from './exports.ts'
export { fileReply } from './file-replies.ts'
export { type Finding, type FindingKind, findingKinds } from './findings.ts'
export { findGuardFaults } from './guards.ts'
export { findLogHead, type KeyChange, type LogHead } from './key-changes.ts'
export { PastRow, rowAsOf } from './past-rows.ts'
export { addressPattern, listPersonalColumns } from './personal-columns.ts'
export { placesOf } from './places.ts'
export { type CheckedProof, checkProof, type Proof, proveConsistency, proveEntry } from './proofs.ts'
export { type Refusal, RefusalLog } from './refusals.ts'
export {
  makeCheckpointNow,
  type OtherDatabase,
  type Sealing,
  type SealingOptions,
  sealEntries,
  startSealing,
} from './sealing.ts'
export { declareSecurityEvents } from './security-declarations.ts'
export { countCriticalEvents, listSecurityEvents, SecurityEvent, SecurityFilters } from './security-events.ts'
export { exportSecurityEvents } from './security-exports.ts'
export { auditState, checkpointFolderOf, listDeliveries, type SealState } from './states.ts'
export { findTrackingFaults, listRedactedColumns } from './tracking.ts'
export { type Verification, verifyLog } from './verification.ts'
export { listVerifications, VerificationRun } from './verification-runs.ts'
export { type AuditVerificationOptions, publicKeyOf, verifyAuditLog } from './verifications.ts'
