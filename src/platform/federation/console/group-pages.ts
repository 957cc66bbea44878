import type { ConsoleModule } from '#platform/console'

const permission = 'federation.groups.read'

export const groupPages: ConsoleModule['routes'] = [
  {
    path: '/identity-providers/$id/groups',
    title: 'Groups',
    frame: 'shell',
    permission,
    load: () => import('./groups.tsx'),
  },
  {
    path: '/identity-providers/$id/sync-runs',
    title: 'Sync runs',
    frame: 'shell',
    permission,
    load: () => import('./sync-runs.tsx'),
  },
  {
    path: '/identity-providers/$id/sync-runs/$runId',
    title: 'Sync run',
    frame: 'shell',
    permission,
    load: () => import('./sync-run.tsx'),
  },
]

export const groupResources: ConsoleModule['resources'] = {
  'federation.iam_group_mappings': {
    noun: 'group mapping',
    sentences: {
      insert: '{who} let the group {external_group_id} give the role {internal_role}',
      update: '{who} changed {columns} of the group {external_group_id}',
      delete: '{who} took its role from the group {external_group_id}',
    },
    columns: { auto_assign: 'whether it assigns by itself', sync_status: 'state', external_group_name: 'name' },
    technical: ['created_by', 'provider_id'],
    refers: { internal_role: 'access.roles' },
  },
  'federation.role_proposals': {
    noun: 'proposed role',
    technical: ['dismissed_by', 'mapping_id', 'user_tenant_id'],
  },
}
