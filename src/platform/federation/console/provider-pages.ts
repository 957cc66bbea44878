import type { ConsoleModule } from '#platform/console'

const permission = 'federation.providers.read'

export const providerPages: ConsoleModule['routes'] = [
  {
    path: '/identity-providers',
    title: 'Single sign-on',
    frame: 'shell',
    permission,
    load: () => import('./providers.tsx'),
  },
  {
    path: '/identity-providers/$id',
    title: 'Identity provider',
    frame: 'shell',
    permission,
    load: () => import('./provider.tsx'),
  },
  {
    path: '/identity-providers/$id/people',
    title: 'People of an identity provider',
    frame: 'shell',
    permission: 'federation.mappings.read',
    load: () => import('./people.tsx'),
  },
  {
    path: '/link-sign-in',
    title: 'Link a sign-in',
    frame: 'shell',
    personal: true,
    load: () => import('./link-sign-in.tsx'),
  },
]

export const providerNavigation: ConsoleModule['navigation'] = [
  { group: 'Workspace', label: 'Single sign-on', to: '/identity-providers', icon: 'globe', permission },
]

export const providerResources: ConsoleModule['resources'] = {
  'federation.iam_providers': {
    noun: 'identity provider',
    sentences: {
      insert: '{who} set up the identity provider {provider_name}',
      update: '{who} changed {columns} of the identity provider {provider_name}',
      delete: '{who} removed the identity provider {provider_name}',
    },
    columns: {
      provider_name: 'name',
      provider_type: 'product',
      client_id: 'client id',
      client_secret_encrypted: 'client secret',
      status: 'state',
      configuration: 'scopes and claims',
      creates_accounts: 'whether it makes accounts',
      default_role: 'first role',
      trusts_second_factor: 'whether its second factor counts',
    },
    technical: ['created_by', 'secret_changed_at', 'last_test'],
    page: '/identity-providers/$id',
  },
  'federation.provider_domains': { noun: 'domain of an identity provider' },
  'federation.iam_user_mappings': {
    noun: 'link with an identity provider',
    columns: { sync_status: 'state', user_id: 'account', conflict: 'conflict' },
    technical: ['provider_id', 'sync_metadata'],
    refers: { user_id: 'identity.users' },
  },
}
