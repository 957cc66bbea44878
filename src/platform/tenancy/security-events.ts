import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: what happens to whole workspaces. */
export const securityEvents = {
  'tenancy.tenants:suspend': {
    severity: 'high',
    category: 'workspace',
    description: 'A workspace was suspended',
  },
  'tenancy.tenants:reactivate': {
    severity: 'medium',
    category: 'workspace',
    description: 'A workspace was opened again',
  },
  'tenancy.placements:place': {
    severity: 'high',
    category: 'installation',
    description: 'The data of a workspace were given another database',
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
