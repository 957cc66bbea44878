export { apiOf, permissionScopes } from './resources.ts'
