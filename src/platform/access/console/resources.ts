import type { ResourceDescription } from '#platform/console'

/** How the audit log tells of these tables. */
export const accessResources: Readonly<Record<string, ResourceDescription>> = {
  'access.service_accounts': {
    noun: 'service account',
    sentences: {
      insert: '{who} made the service account {name}',
      update: '{who} changed {columns} of the service account {name}',
      delete: '{who} deleted the service account {name}',
    },
  },
  'access.api_keys': {
    noun: 'API key',
    sentences: {
      insert: '{who} made the API key {name} for {user_id}',
      update: '{who} changed {columns} of the API key {name} of {user_id}',
      delete: '{who} deleted the API key {name} of {user_id}',
    },
    columns: { expires_at: 'end', revoked_at: 'validity' },
    technical: ['prefix', 'secret_hash'],
    refers: { user_id: 'identity.users' },
  },
}
