import type { PortabilityDeclaration } from '#platform/module.ts'

export const portability: PortabilityDeclaration = {
  stays: {
    'operations.imported_logs': 'Goes along with the log',
    // Of mechanisms that are no modules.
    'jobs.*': 'Work that waits here',
    'platform.*': 'Notes of a move between databases of this installation',
  },
}
