export { addMember } from './memberships.ts'
export { createTenant } from './tenants.ts'
