import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: what operators do to the installation. */
export const securityEvents = {
  read_rows: {
    severity: 'medium',
    category: 'installation',
    description: 'An operator looked at the rows of a workspace',
  },
  rotate_keys: {
    severity: 'medium',
    category: 'installation',
    description: 'The keys of the installation were rotated',
  },
  erase_subject: {
    severity: 'high',
    category: 'account',
    description: 'A person was made unreadable in the audit log, for good',
  },
  'tenants.exported': {
    severity: 'high',
    category: 'workspace',
    description: 'All that a workspace has was written into a file',
  },
  'tenants.export_fetched': {
    severity: 'high',
    category: 'workspace',
    description: 'A file with all that a workspace has was fetched',
  },
  'tenants.imported': {
    severity: 'medium',
    category: 'workspace',
    description: 'A workspace came in from a file',
  },
  'operations.rows_closed': {
    severity: 'medium',
    category: 'installation',
    description: 'Somebody tried to look at rows that nobody may read',
    isRefusal: true,
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
