export { findClient } from './clients.ts'
export { apiOf, isWithin, permissionScopes } from './scopes.ts'
