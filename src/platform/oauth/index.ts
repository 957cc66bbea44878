export { findClient } from './clients.ts'
export { revokeGrantsThrough } from './grants.ts'
export { apiOf, isWithin, permissionScopes } from './scopes.ts'
