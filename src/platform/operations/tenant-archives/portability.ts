import type { PortabilityDeclaration } from '#platform/module.ts'

export const portability: PortabilityDeclaration = {
  stays: {
    'operations.imported_logs': 'Goes along with the log',
    'operations.imported_people': 'Goes along with the accounts',
    'operations.tenant_exports': 'Files of this copy that can be fetched here',
    'operations.tenant_export_parts': 'Files of this copy that can be fetched here',
    // Of mechanisms that are no modules.
    'jobs.*': 'Work that waits here',
    'platform.*': 'Notes of a move between databases of this installation',
  },
}
