export { addMember, lockMembership, type Membership, removeMembership, setExpiry } from './memberships.ts'
export { getPasswordRules, setPasswordRules } from './password-rules.ts'
export {
  checkSecurityPolicy,
  getSecurityPolicy,
  SecurityPolicy,
  setSecurityPolicy,
} from './policies.ts'
export {
  compilePolicy,
  type Grace,
  isRequired,
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
