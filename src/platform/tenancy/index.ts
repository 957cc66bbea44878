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
export { beginRemoval, databasesOf, listTenantTables, removeRows } from './deletion-removals.ts'
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
export {
  addMember,
  lockMembership,
  type Membership,
  noteExpiryMail,
  removeMembership,
  setExpiry,
} from './memberships.ts'
export { getPasswordRules, setPasswordRules } from './password-rules.ts'
export {
  checkSecurityPolicy,
  findSecondFactorRequirement,
  getSecurityPolicy,
  SecurityPolicy,
  setSecurityPolicy,
} from './policies.ts'
export {
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
export { countGraceLogin } from './second-factor-graces.ts'
export { createTenant, findTenantBySlug } from './tenants.ts'
