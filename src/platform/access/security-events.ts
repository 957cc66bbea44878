import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: attempts to get more power than one has. */
export const securityEvents = {
  'access.grant_exceeded': {
    severity: 'high',
    category: 'access',
    description: 'Somebody tried to give or take more than they hold',
    isRefusal: true,
  },
  'access.owners_only': {
    severity: 'high',
    category: 'access',
    description: 'Somebody who is no owner tried to make one, or to unmake one',
    isRefusal: true,
  },
  'access.own_membership_prolonged': {
    severity: 'medium',
    category: 'access',
    description: 'Somebody tried to prolong their own membership',
    isRefusal: true,
  },
  'access.api_key_invalid': {
    severity: 'medium',
    category: 'authentication',
    description: 'An API key was used that is unknown, has expired or was revoked',
    isRefusal: true,
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
