export { apiOf, permissionScopes } from './scopes.ts'
