export { recordPermissions } from './permissions.ts'
export { createBuiltInRoles, giveRole } from './roles.ts'
