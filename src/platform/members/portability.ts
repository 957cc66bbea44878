import type { PortabilityDeclaration } from '#platform/module.ts'

export const portability: PortabilityDeclaration = {
  withheld: {
    'members.invitations.token_hash': { reason: 'The link opens this installation: invite anew where the tenant goes' },
  },
}
