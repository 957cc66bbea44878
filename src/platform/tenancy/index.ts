export { Brand, getBrand } from './brands.ts'
export {
  certificateType,
  DeletionCertificate,
  getCertificate,
  issueCertificate,
  listCertificates,
  listDeletedSince,
  nameHashOf,
  verifyCertificate,
} from './deletion-certificates.ts'
export { beginRemoval, databasesOf, listTenantTables, noteDelay, removeRows } from './deletion-removals.ts'
export {
  cancelDeletion,
  countRows,
  type Deletion,
  findDeletion,
  getGrace,
  listDue,
  listUntold,
  markTold,
  requestDeletion,
} from './deletions.ts'
export type { Outside } from './domain-proofs.ts'
export {
  checkDomain,
  findDomainOwner,
  listProvenDomains,
  listStale as listStaleDomains,
  TenantDomain,
} from './domains.ts'
export { Feature, hasFeature, listFeatures, requireFeature, setFeatures } from './features.ts'
export { addressOf, resolveHost } from './hosts.ts'
export { keepErasures, putErasuresBack, readKeptErasures } from './kept-erasures.ts'
export {
  addMember,
  findMembership,
  lockMembership,
  lockTenant,
  type Membership,
  noteExpiryMail,
  removeMembership,
  setBreakGlass,
  setExpiry,
} from './memberships.ts'
export { finishMove, type MoveOptions, type MoveReport, moveTenant, resumeMove, undoMove } from './moves.ts'
export {
  insertOrganization,
  insertPlace,
  lockOrganization,
  moveOrganization,
  type OrganizationFields,
  type OrganizationRole,
  removeOrganization,
  removePlace,
  removePlaces,
  updateOrganization,
  updatePlace,
} from './organizations.ts'
export { listFailingOutboxes, relayOutboxes } from './outboxes.ts'
export { getPasswordRules, setPasswordRules } from './password-rules.ts'
export {
  findKnownTenant,
  isSlugFree,
  type KnownTenant,
  listPlacesOf,
  putTenantBack,
  reviveTenant,
} from './past-tenants.ts'
export { isPlacedDataOf } from './placed-copies.ts'
export {
  type MigratedDatabase,
  nameOf,
  Placements,
  placementErrors,
  placeTenant,
  type TenantDatabase,
} from './placements.ts'
export {
  admitsAddress,
  checkSecurityPolicy,
  findSecondFactorRequirement,
  getSecurityPolicy,
  SecurityPolicy,
  setSecurityPolicy,
} from './policies.ts'
export {
  admitsOrigin,
  compilePolicy,
  type Grace,
  isExempt,
  judgeSecondFactor,
  judgeSession,
  type MemberFacts,
  type Policy,
  preparePolicy,
  type SecondFactorVerdict,
  type SessionFacts,
  type SessionVerdict,
  touchSecondsOf,
} from './policy-verdicts.ts'
export {
  closePortableTenant,
  findPortableTenant,
  isUsedTenantId,
  openPortableTenant,
  type PortableTenant,
} from './portable-tenants.ts'
export { countGraceLogin } from './second-factor-graces.ts'
export { listStandings } from './standings.ts'
export { changeTenantStatus, listStatusChanges, operatorsStatuses, StatusChange } from './statuses.ts'
export { applyTemplate, getTemplate } from './templates.ts'
export {
  getTenantRecord,
  ListedTenant,
  listTenantIds,
  listTenants,
  nameTenants,
  TenantFilters,
  TenantRecord,
} from './tenant-directory.ts'
export { createTenant, findTenantBySlug, getTimezone, slugOf } from './tenants.ts'
