import type { ConsoleModule } from '#platform/console'

const read = 'oauth.clients.read'
const manage = 'oauth.platform_clients.manage'

/** The pages about applications that act for people, and those on which people are asked. */
export const oauthConsole: ConsoleModule = {
  name: 'oauth',
  routes: [
    {
      path: '/oauth-clients',
      title: 'Applications',
      frame: 'shell',
      permission: read,
      load: () => import('./clients.tsx'),
    },
    {
      path: '/oauth-clients/$id',
      title: 'Application',
      frame: 'shell',
      permission: read,
      load: () => import('./client.tsx'),
    },
    {
      path: '/oauth-clients/$id/try',
      title: 'Try an application',
      frame: 'shell',
      permission: 'oauth.clients.write',
      load: () => import('./try.tsx'),
    },
    {
      path: '/oauth-clients/known/$id',
      title: 'Application of the installation',
      frame: 'shell',
      permission: read,
      load: () => import('./known-application.tsx'),
    },
    {
      path: '/installation/applications',
      title: 'Applications of the installation',
      frame: 'shell',
      personal: true,
      permission: manage,
      load: () => import('./platform-clients.tsx'),
    },
    {
      path: '/installation/applications/$id',
      title: 'Application of the installation',
      frame: 'shell',
      personal: true,
      permission: manage,
      load: () => import('./platform-client.tsx'),
    },
    {
      path: '/account/applications',
      title: 'Applications that I allowed',
      frame: 'shell',
      personal: true,
      load: () => import('./applications.tsx'),
    },
    {
      path: '/oauth/try',
      title: 'Try an application',
      frame: 'shell',
      personal: true,
      load: () => import('./tried.tsx'),
    },
    {
      path: '/oauth/consent/$uid',
      title: 'Allow an application?',
      frame: 'plain',
      personal: true,
      load: () => import('./consent.tsx'),
    },
    {
      path: '/oauth/device',
      title: 'Connect a device',
      frame: 'plain',
      personal: true,
      load: () => import('./device.tsx'),
    },
  ],
  navigation: [
    { group: 'Workspace', label: 'Applications', to: '/oauth-clients', icon: 'device', permission: read },
    {
      group: 'Installation',
      label: 'Applications',
      to: '/installation/applications',
      icon: 'device',
      permission: manage,
      place: 2,
    },
  ],
  resources: {
    'oauth.oauth_clients': {
      noun: 'application',
      sentences: {
        insert: '{who} made the application {name}',
        update: '{who} changed {columns} of the application {name}',
        delete: '{who} deleted the application {name}',
        oauth_consent: '{who} allowed {this} to act for them',
        oauth_consent_refused: '{who} denied {this} what it asked',
        oauth_allowance_revoked: '{who} took back what {this} was allowed',
      },
      columns: {
        redirect_uris: 'addresses to which people are sent back',
        post_logout_redirect_uris: 'addresses after a sign-out',
        grant_types: 'ways to a token',
        token_endpoint_auth_method: 'how it shows who it is',
        jwks: 'public keys',
        jwks_uri: 'public keys',
        service_account_id: 'service account',
        backchannel_logout_uri: 'address to tell of sign-outs',
        require_pushed_authorization_requests: 'whether it pushes its requests',
        is_active: 'state',
      },
      technical: ['tried_until', 'created_by', 'home_tenant_id'],
      api: '/oauth/clients/{id}',
      permission: read,
      page: '/oauth-clients/$id',
    },
    'oauth.client_secrets': {
      noun: 'secret of an application',
      sentences: {
        insert: '{who} made a secret for {client_id}',
        update: '{who} changed when a secret of {client_id} ends',
        delete: '{who} removed a secret of {client_id}',
      },
      columns: { expires_at: 'end' },
      technical: ['hint', 'created_by', 'secret_hash'],
      refers: { client_id: 'oauth.oauth_clients' },
    },
    'oauth.grants': { noun: 'permission given to an application' },
  },
}
