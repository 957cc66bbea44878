import type { PortabilityDeclaration } from '#platform/module.ts'
import { contextOf, createSigningSecret } from './secrets.ts'

const told = 'Tells of what this installation has sent'
const secret = 'A secret that the receiver shares with this installation'
const off = 'Imported webhooks are off until somebody has given their receivers the new secrets'

export const portability: PortabilityDeclaration = {
  stays: { 'webhooks.events': told, 'webhooks.deliveries': told, 'webhooks.attempts': told },
  withheld: {
    'webhooks.endpoints.secret_encrypted': {
      reason: secret,
      make: (keyring, id) => keyring.encrypt(createSigningSecret(), contextOf(id)),
    },
    'webhooks.endpoints.previous_secret_encrypted': { reason: secret },
    'webhooks.endpoints.previous_secret_until': { reason: secret },
    'webhooks.endpoints.is_enabled': { reason: off, value: 'false' },
    'webhooks.endpoints.disabled_reason': {
      reason: off,
      value: "'It was imported: give its receiver the new secret, then switch it on.'",
    },
    'webhooks.endpoints.failing_since': { reason: off },
    'webhooks.endpoints.last_success_at': { reason: off },
  },
}
