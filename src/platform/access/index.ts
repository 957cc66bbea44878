export { recordPermissions } from './permissions.ts'
export { createBuiltInRoles, findRole, giveRole } from './roles.ts'
