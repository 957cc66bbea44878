export { addMember } from './memberships.ts'
export { createTenant, findTenantBySlug } from './tenants.ts'
