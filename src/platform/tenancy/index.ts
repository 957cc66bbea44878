export { addMember, removeMembership } from './memberships.ts'
export { getPasswordRules, setPasswordRules } from './password-rules.ts'
export { createTenant, findTenantBySlug } from './tenants.ts'
