import type { Module } from '#platform/module.ts'

export const tenancyModule = {
  name: 'tenancy',
  schema: 'tenancy',
  permissions: {
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
