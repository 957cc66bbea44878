import { onInvitationAccepted } from '#platform/members'
import type { Module, SecurityEventDeclaration } from '#platform/module.ts'
import { welcomeInvited } from './group-roles.ts'
import { provision } from './provisionings.ts'
import { requestDays } from './requests.ts'

onInvitationAccepted(welcomeInvited)

/** What SCIM adds to the module's declarations. */
export const scimPermissions = {
  [provision]: {
    description: 'Bring and take people and groups by SCIM, as the directory of an identity provider',
    roles: [],
  },
} satisfies Module['permissions']

export const scimRetention = {
  'federation.scim_requests': {
    description: 'What directories asked by SCIM, and how they were answered',
    table: 'federation.scim_requests',
    by: 'asked_at',
    after: `${requestDays} days`,
    action: 'remove',
  },
} satisfies Module['retention']

export const scimEvents: Readonly<Record<string, SecurityEventDeclaration>> = {
  create_by_directory: {
    severity: 'medium',
    category: 'account',
    description: 'The directory of an identity provider made an account, for an address of the workspace’s own domains',
  },
  join_by_directory: {
    severity: 'medium',
    category: 'access',
    description: 'The directory of an identity provider brought somebody into the workspace',
  },
  return_by_directory: {
    severity: 'medium',
    category: 'access',
    description: 'The directory of an identity provider brought somebody back into the workspace',
  },
  end_by_directory: {
    severity: 'medium',
    category: 'access',
    description: 'The directory of an identity provider ended somebody’s membership',
  },
}

const told = 'Tells of what happened at this installation'
const speaks = 'Who speaks for a directory is made anew, with its tokens'

export const scimPortability = {
  stays: {
    'federation.provisionings': speaks,
    'federation.scim_requests': told,
  },
} satisfies Module['portability']

export const scimRestoration = {
  stays: { 'federation.scim_requests': told, 'federation.provisionings': 'A token that was revoked stays so' },
} satisfies Module['restoration']
