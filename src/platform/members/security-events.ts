import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: who comes into a workspace, and who goes. */
export const securityEvents = {
  remove_member: {
    severity: 'medium',
    category: 'access',
    description: 'Somebody was removed from a workspace',
  },
  leave_tenant: {
    severity: 'low',
    category: 'access',
    description: 'Somebody left a workspace',
  },
  accept_invitation: {
    severity: 'low',
    category: 'access',
    description: 'Somebody joined a workspace',
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
