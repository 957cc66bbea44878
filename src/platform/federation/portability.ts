import type { PortabilityDeclaration } from '#platform/module.ts'

const registration = 'It is registered at the provider for this installation: elsewhere that is done anew'
const told = 'Tells of what happened at this installation'

export const portability: PortabilityDeclaration = {
  stays: {
    'federation.sync_runs': 'Tells of what was done here',
    'federation.sync_run_errors': 'Tells of what was done here',
  },
  withheld: {
    'federation.iam_providers.client_id': { reason: registration },
    'federation.iam_providers.client_secret_encrypted': { reason: registration },
    'federation.iam_providers.secret_changed_at': { reason: registration },
    'federation.iam_providers.status': { reason: registration, value: "'inactive'" },
    'federation.iam_providers.last_error': { reason: told },
    'federation.iam_providers.last_error_at': { reason: told },
    'federation.iam_providers.last_test': { reason: told },
    'federation.iam_providers.checked_at': { reason: told },
  },
}
