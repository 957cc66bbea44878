import type { ResourceDescription } from '#platform/console'

const user = { user_id: 'identity.users' }

/** The words for the tables of identity, tenancy and access. */
export const accountsResources: Readonly<Record<string, ResourceDescription>> = {
  'identity.users': {
    noun: 'account',
    sentences: {
      insert: '{who} opened the account {this}',
      update: '{who} changed {columns} of the account {this}',
      sign_up: '{who} signed up',
      ask_email_change: '{who} asked for another e-mail address',
      withdraw_email_change: '{who} decided to keep the e-mail address',
      change_email: '{who} confirmed another e-mail address',
      verify_email: '{who} confirmed the e-mail address',
      sign_in_failed: 'Somebody could not sign in as {this}',
      change_password: '{who} changed the password',
      change_password_failed: '{who} gave a wrong current password',
      ask_password_reset: 'Somebody asked for a new password for {this}',
      reset_password: '{who} chose a new password by a link',
      end_other_sessions: '{who} signed all their other devices out',
    },
    columns: {
      email: 'e-mail',
      username: 'user name',
      full_name: 'name',
      is_active: 'access',
      is_email_verified: 'confirmed e-mail',
      email_verified_at: 'time of confirmation',
      account_locked_until: 'lock',
      default_tenant_id: 'default workspace',
    },
    technical: ['status_changed_by', 'deactivated_by', 'deleted_by'],
    api: '/members/{id}',
    permission: 'members.members.read',
  },
  'identity.user_profiles': {
    noun: 'profile',
    sentences: {
      insert: '{who} added the profile of {user_id}',
      update: '{who} changed {columns} in the profile of {user_id}',
      delete: '{who} deleted the profile of {user_id}',
    },
    columns: { avatar_url: 'picture', timezone: 'time zone', bio: 'introduction' },
    technical: ['metadata'],
    refers: user,
  },
  'identity.avatars': {
    noun: 'picture',
    sentences: {
      insert: '{who} added a picture',
      update: '{who} changed the picture',
      delete: '{who} removed the picture',
    },
    technical: ['content', 'content_hash'],
  },
  'identity.user_sessions': {
    noun: 'session',
    sentences: {
      sign_in: '{who} signed in',
      sign_out: '{who} signed out',
      switch_tenant: '{who} switched to this workspace',
      end_session: '{who} signed one of their devices out',
    },
  },
  'identity.user_devices': {
    noun: 'device',
    sentences: { forget_device: '{who} ended the trust in one of their devices' },
  },
  'identity.passwords': {
    noun: 'password',
    sentences: {
      insert: '{who} set a password for {user_id}',
      update: '{who} changed {columns} of a password of {user_id}',
      delete: '{who} deleted a password of {user_id}',
    },
    columns: { password_hash: 'the form', replaced_at: 'the end' },
    refers: user,
  },
  'identity.two_factors': {
    noun: 'second factor',
    sentences: {
      insert: '{who} started to set up two-factor sign-in',
      update: '{who} changed {columns} of a second factor',
      delete: '{who} deleted a second factor',
      two_factor_enabled: '{who} turned two-factor sign-in on',
      two_factor_removed: '{who} turned two-factor sign-in off',
      two_factor_limit_reached: '{who} entered too many wrong two-factor codes',
      backup_code_used: '{who} used a backup code',
      backup_codes_replaced: '{who} made new backup codes',
    },
    columns: { secret_encrypted: 'secret', is_pending: 'pending', verified_at: 'confirmation' },
  },
  'identity.backup_codes': {
    noun: 'backup code',
    sentences: {
      insert: '{who} made a backup code for {user_id}',
      update: '{who} used a backup code of {user_id}',
      delete: '{who} deleted a backup code of {user_id}',
    },
    columns: { code_hash: 'code', used_at: 'use' },
    refers: user,
  },
  'identity.external_identities': {
    noun: 'linked sign-in',
    sentences: {
      insert: '{who} linked a sign-in elsewhere with {user_id}',
      update: '{who} changed {columns} of a linked sign-in of {user_id}',
      delete: '{who} unlinked a sign-in elsewhere from {user_id}',
      link_google: '{who} linked a Google account',
      unlink_google: '{who} unlinked a Google account',
    },
    refers: user,
  },
  'identity.authenticators': {
    noun: 'passkey',
    sentences: {
      insert: '{who} added the passkey {this}',
      update: '{who} renamed the passkey {this}',
      delete: '{who} removed the passkey {this}',
      passkey_counter_went_back: 'The passkey {this} was refused: there may be a copy of it',
    },
    columns: { friendly_name: 'name', device_type: 'kind' },
    technical: ['aaguid', 'transports'],
    refers: user,
  },
  'identity.signing_keys': { noun: 'signing key', columns: { private_key_encrypted: 'private key' } },
  'tenancy.tenants': {
    noun: 'workspace',
    sentences: { change_security_policy: '{who} changed the security policy' },
    columns: {
      slug: 'short name',
      is_active: 'access',
      database_url_encrypted: 'database address',
      password_rules: 'the rules for passwords',
      security_policy: 'the security policy',
    },
    technical: ['onboarding_status', 'grace_period_days', 'second_factor_required_since'],
  },
  'tenancy.user_tenants': {
    noun: 'member',
    sentences: {
      insert: '{user_id} became a member',
      update: '{who} changed {columns} of the member {user_id}',
      delete: 'The membership of {user_id} has ended',
      remove_member: '{who} removed the member {user_id}',
      leave_tenant: '{user_id} left the workspace',
    },
    columns: { expires_at: 'end of membership' },
    refers: user,
  },
  'tenancy.organizations': {
    noun: 'organization',
    columns: { slug: 'short name', parent_id: 'place in the tree' },
    refers: { parent_id: 'tenancy.organizations' },
    api: '/organizations/{id}',
    permission: 'members.organizations.read',
  },
  'tenancy.user_organizations': {
    noun: 'member of an organization',
    sentences: {
      insert: '{who} added {user_id} to the organization {organization_id}',
      update: '{who} changed {columns} of {user_id} in the organization {organization_id}',
      delete: '{who} removed {user_id} from the organization {organization_id}',
    },
    refers: { ...user, organization_id: 'tenancy.organizations' },
  },
  'access.roles': {
    noun: 'role',
    sentences: {
      insert: '{who} made the role {this}',
      update: '{who} changed {columns} of the role {this}',
      delete: '{who} removed the role {this}',
    },
    columns: { scopes: 'what tokens carry', is_default: 'who gets it', is_built_in: 'built in' },
    api: '/roles/{id}',
    permission: 'access.roles.read',
    page: '/roles/$id',
  },
  'usage.tenant_plans': {
    noun: 'plan',
    sentences: { insert: '{who} gave the workspace another plan', update: '{who} changed {columns} of the plan' },
    columns: { until: 'the end', subscription_status: 'the status', trial_ends_at: 'the end of the trial' },
    technical: ['plan_id', 'since'],
  },
  'usage.tenant_limits': {
    noun: 'limit',
    sentences: {
      insert: '{who} gave the workspace a limit of its own',
      update: '{who} changed a limit of the workspace',
      delete: '{who} took a limit of its own from the workspace',
    },
  },
  'usage.plans': { noun: 'plan' },
  'usage.plan_limits': { noun: 'limit of a plan' },
  'access.permissions': { noun: 'permission' },
  'access.role_permissions': {
    noun: 'role’s permission',
    sentences: {
      insert: '{who} gave a permission to the role {role_id}',
      delete: '{who} took a permission from the role {role_id}',
    },
    refers: { role_id: 'access.roles', permission_id: 'access.permissions' },
  },
  'access.built_in_role_permissions': { noun: 'built-in role’s permission' },
  'access.user_tenant_roles': {
    noun: 'member’s role',
    sentences: {
      insert: '{who} gave a member the role {role_id}',
      delete: '{who} took the role {role_id} from a member',
    },
    refers: { role_id: 'access.roles', user_tenant_id: 'tenancy.user_tenants' },
  },
}
