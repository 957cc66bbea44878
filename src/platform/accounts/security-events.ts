import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: signing in, and into which workspaces. */
export const securityEvents = {
  sign_in: {
    severity: 'low',
    category: 'authentication',
    description: 'Somebody signed in',
  },
  sign_in_failed: {
    severity: 'medium',
    category: 'authentication',
    description: 'A sign-in failed',
  },
  sign_out: {
    severity: 'low',
    category: 'authentication',
    description: 'Somebody signed out',
  },
  sign_up: {
    severity: 'low',
    category: 'account',
    description: 'An account was made',
  },
  step_up: {
    severity: 'low',
    category: 'authentication',
    description: 'Somebody confirmed who they are',
  },
  refresh_token_replayed: {
    severity: 'high',
    category: 'authentication',
    description: 'A used refresh token came again: somebody has a copy of it, and the session was ended',
  },
  ask_password_reset: {
    severity: 'low',
    category: 'account',
    description: 'A link to reset a password was asked for',
  },
  reset_password: {
    severity: 'medium',
    category: 'account',
    description: 'A password was reset by the link of a mail',
  },
  change_password: {
    severity: 'low',
    category: 'account',
    description: 'A password was changed',
  },
  change_password_failed: {
    severity: 'medium',
    category: 'account',
    description: 'A password was not changed: the current one was wrong',
  },
  change_security_policy: {
    severity: 'high',
    category: 'workspace',
    description: 'The security policy of a workspace was changed',
  },
  'identity.users:export': {
    severity: 'medium',
    category: 'account',
    description: 'The data of an account were fetched',
  },
  'accounts.passwords_resting': {
    severity: 'high',
    category: 'authentication',
    description: 'An account rests after wrong passwords',
    isRefusal: true,
  },
  'accounts.too_many_failures': {
    severity: 'high',
    category: 'authentication',
    description: 'Too many wrong passwords came from one network address',
    isRefusal: true,
  },
  'accounts.not_a_member': {
    severity: 'high',
    category: 'access',
    description: 'Somebody asked for a workspace of which they are no member',
    isRefusal: true,
  },
  'accounts.address_refused': {
    severity: 'medium',
    category: 'access',
    description: 'The policy of a workspace refused a network address',
    isRefusal: true,
  },
  'accounts.second_factor_required': {
    severity: 'low',
    category: 'access',
    description: 'The policy of a workspace wants a second factor',
    isRefusal: true,
  },
  'accounts.tenant_suspended': {
    severity: 'low',
    category: 'access',
    description: 'Somebody asked for a workspace that is suspended',
    isRefusal: true,
  },
  'accounts.google_of_another': {
    severity: 'medium',
    category: 'authentication',
    description: 'Somebody confirmed with the Google account of another one',
    isRefusal: true,
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
