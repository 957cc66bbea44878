export { type Acting, actAs } from './acting.ts'
export {
  ApiKey,
  createApiKey,
  getApiKey,
  listApiKeys,
  longestOverlapHours,
  looksLikeApiKey,
  NewApiKey,
  readApiKey,
  revokeApiKey,
  revokeKeysThrough,
  rotateApiKey,
  touchApiKey,
} from './api-keys.ts'
export { permittedTo } from './decisions.ts'
export { errors as accessErrors } from './errors.ts'
export { explainAccess } from './explanations.ts'
export {
  findTokenPermissions,
  grantViolations,
  requireGrantable,
  requireHeld,
  requireMemberWithin,
  setRolesOf,
} from './grants.ts'
export { keyErrors } from './key-errors.ts'
export { recordPermissions } from './permissions.ts'
export { createBuiltInRoles, findRole, findRolesByName, giveRole } from './role-names.ts'
export { covers, scopePattern } from './scopes.ts'
export { createServiceAccount, deleteServiceAccount, getServiceMembership } from './service-accounts.ts'
export { permitService } from './service-permissions.ts'
export { createTemplateRoles } from './template-roles.ts'
