import type { Module } from '#platform/module.ts'

export const tenancyModule = {
  name: 'tenancy',
  schema: 'tenancy',
  metrics: {
    'tenancy.members': { description: 'Members and service accounts', unit: 'count', kind: 'gauge' },
  },
  permissions: {
    'tenancy.tenant.delete': {
      description: 'Delete the tenant with all that is in it',
      roles: ['owner'],
    },
    'tenancy.deletions.manage': {
      description: 'Request and cancel the deletion of any tenant, and see the certificates of those that are gone',
      roles: [],
      forOperators: true,
    },
    'tenancy.security.read': {
      description: 'See the rules for the security of the tenant, such as those for passwords',
      roles: ['owner', 'admin'],
    },
    'tenancy.security.write': {
      description: 'Change the rules for the security of the tenant, such as those for passwords',
      roles: ['owner', 'admin'],
    },
  },
} satisfies Module
