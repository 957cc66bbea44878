import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('access', {
  grantExceeded: ['forbidden', 'Nobody gives or takes more than he holds himself. You lack {permissions}.'],
  ownersOnly: ['forbidden', 'Only an owner makes owners, and only an owner takes that away.'],
  ownMembershipProlonged: ['forbidden', 'Nobody prolongs his own membership. Ask somebody else.'],
  roleNotFound: ['not_found', 'There is no role {id}.'],
  roleUnknown: ['not_found', 'There is no role {name} here.'],
  roleBuiltIn: ['conflict', 'The built-in roles stay as they are. Copy this one, and change the copy.'],
  roleNameTaken: ['conflict', 'There is a role {name} already; capitals do not tell them apart.'],
  roleNameReserved: ['invalid', 'The names owner, admin, member, viewer and user belong to the built-in roles.'],
  roleIsDefault: ['conflict', 'New members get this role. Make another one the default first.'],
  roleInUse: ['conflict', 'Members who have this role: {count}. Say which role they get instead: `replacementId`.'],
  replacementSame: ['invalid', 'The replacement is the role that goes.'],
  permissionUnknown: ['invalid', 'No module declares these permissions for roles: {permissions}.'],
  permissionNotFound: ['not_found', 'No module declares the permission {permission}.'],
  permissionForOperators: [
    'invalid',
    '{permission} is for the operators of the installation: no role gives it, and they are not named here.',
  ],
  scopeUnknown: ['invalid', 'No permission is covered by these scopes: {scopes}.'],
  memberUnknown: ['not_found', 'There is no member {id} here.'],
  personNotPermitted: ['forbidden', '{conclusion} Permission: {permission}.'],
  userUnknown: ['not_found', 'There is no account {user}.'],
  tenantUnknown: ['not_found', 'There is no tenant {tenant}.'],
})
