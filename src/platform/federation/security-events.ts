import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: what happens with identity providers and tells of security. */
export const providerEvents: Readonly<Record<string, SecurityEventDeclaration>> = {
  activate_identity_provider: {
    severity: 'high',
    category: 'access',
    description: 'An identity provider was switched on: its people come in',
  },
  deactivate_identity_provider: {
    severity: 'medium',
    category: 'access',
    description: 'An identity provider was switched off, and the sessions through it ended',
  },
  refuse_identity_provider_sign_in: {
    severity: 'medium',
    category: 'authentication',
    description: 'Somebody came through an identity provider and was refused: it could not be told who he is here',
  },
  link_identity_provider: {
    severity: 'medium',
    category: 'account',
    description: 'An identity provider was linked to an account',
  },
  unlink_identity_provider: {
    severity: 'low',
    category: 'account',
    description: 'An identity provider was unlinked from an account',
  },
  ask_owner_to_link: {
    severity: 'low',
    category: 'account',
    description: 'An administrator asked the owner of an account whether he is somebody of an identity provider',
  },
  settle_identity_conflict: {
    severity: 'medium',
    category: 'access',
    description: 'An administrator settled who somebody of an identity provider is',
  },
  disable_identity_mapping: {
    severity: 'medium',
    category: 'access',
    description: 'A way in through an identity provider was closed for somebody',
  },
  enable_identity_mapping: {
    severity: 'medium',
    category: 'access',
    description: 'A way in through an identity provider was opened again for somebody',
  },
  remove_identity_mapping: {
    severity: 'low',
    category: 'access',
    description: 'The link of somebody with an identity provider was removed',
  },
  mark_break_glass: {
    severity: 'high',
    category: 'access',
    description: 'An owner was allowed to come in without the identity provider that is required',
  },
  unmark_break_glass: {
    severity: 'medium',
    category: 'access',
    description: 'An owner may no longer come in without the identity provider that is required',
  },
}
