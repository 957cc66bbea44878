import type { ConsoleModule } from '#platform/console'

export const provisioningPages: ConsoleModule['routes'] = [
  {
    path: '/identity-providers/$id/provisioning',
    title: 'Provisioning (SCIM)',
    frame: 'shell',
    permission: 'federation.providers.read',
    load: () => import('./provisioning.tsx'),
  },
]

export const provisioningResources: ConsoleModule['resources'] = {
  'federation.provisionings': {
    noun: 'directory of an identity provider',
    technical: ['provider_id', 'service_id', 'created_by'],
  },
  'federation.scim_users': {
    noun: 'person of a directory',
    columns: { is_active: 'whether he is active', user_id: 'account', deleted_at: 'when the directory deleted him' },
    technical: ['provider_id', 'mapping_id', 'invitation_id', 'made_account', 'ended_membership', 'membership_end'],
    refers: { user_id: 'identity.users' },
  },
  'federation.scim_groups': {
    noun: 'group of a directory',
    columns: { display_name: 'name' },
    technical: ['provider_id', 'external_id'],
  },
}
