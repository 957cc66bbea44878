import type { SecurityEventDeclaration } from '#platform/module.ts'

/** MT-22: what happens to accounts and the ways into them. */
export const securityEvents = {
  change_signing_key: {
    severity: 'high',
    category: 'installation',
    description: 'Another key signs the checkpoints of the audit log from now on',
  },
  two_factor_enabled: {
    severity: 'low',
    category: 'account',
    description: 'Two-factor sign-in was turned on',
  },
  two_factor_removed: {
    severity: 'medium',
    category: 'account',
    description: 'Two-factor sign-in was turned off',
  },
  two_factor_limit_reached: {
    severity: 'high',
    category: 'authentication',
    description: 'So many wrong two-factor codes were tried that the account waits',
  },
  backup_codes_replaced: {
    severity: 'low',
    category: 'account',
    description: 'New backup codes were made',
  },
  backup_code_used: {
    severity: 'medium',
    category: 'authentication',
    description: 'Somebody signed in with a backup code',
  },
  passkey_counter_went_back: {
    severity: 'critical',
    category: 'authentication',
    description: 'A passkey counted backwards: there may be a copy of it',
  },
  link_google: {
    severity: 'low',
    category: 'account',
    description: 'A Google account was linked',
  },
  unlink_google: {
    severity: 'low',
    category: 'account',
    description: 'A Google account was unlinked',
  },
  ask_email_change: {
    severity: 'low',
    category: 'account',
    description: 'Another e-mail address was asked for',
  },
  change_email: {
    severity: 'medium',
    category: 'account',
    description: 'The e-mail address of an account was changed',
  },
  end_session: {
    severity: 'low',
    category: 'account',
    description: 'A session was ended',
  },
  end_sessions: {
    severity: 'low',
    category: 'account',
    description: 'The sessions of an account were ended',
  },
  reset_two_factor: {
    severity: 'high',
    category: 'account',
    description: 'An operator took the second factor off an account',
  },
  send_password_reset: {
    severity: 'medium',
    category: 'account',
    description: 'An operator had a link to reset a password sent',
  },
  'identity.users:suspend': {
    severity: 'high',
    category: 'account',
    description: 'An account was suspended',
  },
  'identity.users:deactivate': {
    severity: 'medium',
    category: 'account',
    description: 'An account was deactivated',
  },
  'identity.users:reactivate': {
    severity: 'medium',
    category: 'account',
    description: 'An account was opened again',
  },
  'identity.users:restore': {
    severity: 'medium',
    category: 'account',
    description: 'A deleted account was restored',
  },
  'identity.users:delete': {
    severity: 'medium',
    category: 'account',
    description: 'An account was deleted',
  },
  'identity.users:erase': {
    severity: 'medium',
    category: 'account',
    description: 'The data of a deleted account were erased',
  },
  'identity.users:import': {
    severity: 'high',
    category: 'installation',
    description: 'Accounts were imported',
  },
  make_operator: {
    severity: 'high',
    category: 'installation',
    description: 'Somebody was made an operator of the installation',
  },
  remove_operator: {
    severity: 'medium',
    category: 'installation',
    description: 'Somebody is no operator any more',
  },
  'identity.passkey_refused': {
    severity: 'medium',
    category: 'authentication',
    description: 'A passkey was not accepted',
    isRefusal: true,
  },
  'identity.google_refused': {
    severity: 'medium',
    category: 'authentication',
    description: 'An answer of Google could not be verified',
    isRefusal: true,
  },
} satisfies Readonly<Record<string, SecurityEventDeclaration>>
