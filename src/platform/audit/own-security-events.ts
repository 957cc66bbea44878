import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: what happens to the log itself. */
export const securityEvents = {
  'audit.logs.exported': {
    severity: 'medium',
    category: 'workspace',
    description: 'The audit log was fetched as a file',
  },
  audit_log_unsound: {
    severity: 'critical',
    category: 'installation',
    description: 'Verification found that the audit log is not as it was sealed',
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
