import { randomBytes } from 'node:crypto'
import type { PortabilityDeclaration } from '#platform/module.ts'
import { contextOf } from './provider-secrets.ts'

const off = 'Imported providers are off until somebody has given them the secret, and the new redirect URI'

export const portability: PortabilityDeclaration = {
  withheld: {
    'federation.iam_providers.client_secret_encrypted': {
      reason: 'A secret that the provider shares with this installation',
      make: (keyring, id) => keyring.encrypt(randomBytes(32).toString('base64url'), contextOf(id)),
    },
    'federation.iam_providers.status': { reason: off, value: "'inactive'" },
    'federation.iam_providers.last_error': { reason: off },
    'federation.iam_providers.last_error_at': { reason: off },
    'federation.iam_providers.checked_at': { reason: off },
  },
}
