import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import {
  idParams,
  nullable,
  pageOf,
  pageQuery,
  Reply,
  requireNoPrivateAddress,
  route,
  timestamp,
  uuid,
} from '#platform/http'
import { changeAndAnnounce } from '#platform/identity'
import {
  ClientSecret,
  createTrySecret,
  listSecrets,
  NewClientSecret,
  revokeSecret,
  rotateSecret,
} from './client-secrets.ts'
import {
  Client,
  ClientChange,
  changeClient,
  createClient,
  deleteClient,
  getClient,
  identityScopes,
  ListedClient,
  listClients,
  NewClientFields,
  openTry,
  takesSecrets,
  tryAddress,
} from './clients.ts'
import { describeScopes } from './scope-descriptions.ts'

const NewClient = Type.Object({
  ...Client.properties,
  secret: Type.Unsafe<string | null>({
    ...nullable(Type.String()),
    description: 'Shown this once; null where it shows itself otherwise',
  }),
})

const notFound = 'oauth.client_not_found'
const unfit = [
  'oauth.redirect_uri_invalid',
  'oauth.grant_types_unfit',
  'oauth.auth_method_unfit',
  'oauth.keys_invalid',
  'oauth.address_invalid',
  'oauth.name_unseen',
  'http.outgoing_refused',
  'oauth.service_account_needed',
  'access.scope_unknown',
  'access.service_account_not_found',
]
const beyond = 'access.grant_exceeded'
const secretParams = Type.Object({ id: uuid, secretId: uuid })

type Owner = {
  path: string
  read: string
  write: string
  /** How the documentation speaks of one. */
  an: string
  those: string
  scopeOf: (scope: Scope) => Scope
}

const ofTenant: Owner = {
  path: '/oauth/clients',
  read: 'oauth.clients.read',
  write: 'oauth.clients.write',
  an: 'an application',
  those: 'the applications of the workspace',
  scopeOf: scope => scope,
}

const ofInstallation: Owner = {
  path: '/installation/oauth-clients',
  read: 'oauth.platform_clients.manage',
  write: 'oauth.platform_clients.manage',
  an: 'an application of the installation',
  those: 'the applications of the installation, which every workspace knows',
  // As all that operators do: not in the log of the workspace in which they happen to be.
  scopeOf: scope => ({ ...scope, tenantId: undefined, system: true }),
}

const routesOf = ({ path, read, write, an, those, scopeOf }: Owner) => [
  route({
    method: 'GET',
    path,
    allow: read,
    summary: `List ${those}, the newest first`,
    query: Type.Object(pageQuery),
    response: pageOf(ListedClient),
    async handle({ query, scope }, app) {
      return await listClients(app.db.reads(scopeOf(scope)), query)
    },
  }),
  route({
    method: 'POST',
    path,
    allow: write,
    fresh: true,
    secret: true,
    summary: `Make ${an} (OAuth client)`,
    description:
      'It may ask for at most what you may do yourself. One that shows itself by a secret has it in the answer, this once.',
    body: NewClientFields,
    refusals: [...unfit, 'oauth.clients_too_many', beyond],
    response: NewClient,
    status: 201,
    async handle({ body, scope }, app) {
      return await changeAndAnnounce(app, scopeOf(scope), async tx => {
        const client = await createClient(tx, body)
        requireOutside(app, body)
        const made = takesSecrets(client) ? await rotateSecret(tx, client.id, 0) : null
        return { ...client, secret: made?.secret ?? null }
      })
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{id}`,
    allow: read,
    summary: `Get ${an}`,
    params: idParams,
    refusals: [notFound],
    response: Client,
    async handle({ params, scope }, app) {
      return await getClient(app.db.reads(scopeOf(scope)), params.id)
    },
  }),
  route({
    method: 'PATCH',
    path: `${path}/{id}`,
    allow: write,
    fresh: true,
    conditional: true,
    summary: `Change ${an}, or switch it on or off`,
    description:
      'You must hold all that it may ask for, before and after; only to switch it off does not want that. Switched off it gets nothing more, and what it has stops working; switched on again that works again.',
    params: idParams,
    body: ClientChange,
    refusals: [notFound, ...unfit, beyond],
    response: Client,
    async handle({ params, body, scope, ifMatch }, app) {
      return await changeAndAnnounce(app, scopeOf(scope), async tx => {
        const client = await changeClient(tx, params.id, body, ifMatch)
        requireOutside(app, body)
        return client
      })
    },
  }),
  route({
    method: 'DELETE',
    path: `${path}/{id}`,
    allow: write,
    fresh: true,
    summary: `Delete ${an} with all that it was allowed and all its tokens`,
    params: idParams,
    refusals: [notFound, beyond],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await changeAndAnnounce(app, scopeOf(scope), tx => deleteClient(tx, params.id))
      return new Reply(204, null)
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{id}/secrets`,
    allow: read,
    summary: `List the secrets of ${an} that work: never they themselves`,
    params: idParams,
    refusals: [notFound],
    response: Type.Object({ items: Type.Array(ClientSecret) }),
    async handle({ params, scope }, app) {
      const tx = app.db.reads(scopeOf(scope))
      await getClient(tx, params.id)
      return { items: await listSecrets(tx, params.id) }
    },
  }),
  route({
    method: 'POST',
    path: `${path}/{id}/secrets`,
    allow: write,
    fresh: true,
    secret: true,
    summary: `Give ${an} another secret`,
    params: idParams,
    body: Type.Object({
      overlapHours: Type.Integer({
        minimum: 0,
        maximum: 720,
        default: 24,
        description: 'How long the old secret works beside the new one',
      }),
    }),
    refusals: [notFound, 'oauth.secrets_not_taken', beyond],
    response: NewClientSecret,
    status: 201,
    async handle({ params, body, scope }, app) {
      return await changeAndAnnounce(app, scopeOf(scope), tx => rotateSecret(tx, params.id, body.overlapHours))
    },
  }),
  route({
    method: 'DELETE',
    path: `${path}/{id}/secrets/{secretId}`,
    allow: write,
    fresh: true,
    summary: `End a secret of ${an} at once`,
    params: secretParams,
    refusals: [notFound, 'oauth.secret_not_found'],
    response: Type.Null(),
    status: 204,
    async handle({ params, scope }, app) {
      await changeAndAnnounce(app, scopeOf(scope), async tx => {
        await getClient(tx, params.id)
        await revokeSecret(tx, params.id, params.secretId)
      })
      return new Reply(204, null)
    },
  }),
]

export const clientRoutes = [
  route({
    method: 'GET',
    path: '/oauth/scopes',
    allow: 'session',
    summary: 'List what an application can ask for, in words',
    description: 'Who people are, and the permissions; families of these such as `contractors.*` are possible as well.',
    response: Type.Object({
      items: Type.Array(Type.Object({ name: Type.String(), description: Type.String(), isHeld: Type.Boolean() })),
    }),
    async handle({ principal }, app) {
      const permissions = app.modules.flatMap(module =>
        Object.entries(module.permissions ?? {}).flatMap(([name, { forOperators }]) => (forOperators ? [] : [name])),
      )
      const described = describeScopes(app, [...identityScopes, ...permissions.toSorted()])
      return {
        items: described.map(scope => ({
          ...scope,
          isHeld: !scope.name.includes('.') || principal.permissions.has(scope.name),
        })),
      }
    },
  }),
  ...routesOf(ofTenant),
  ...routesOf(ofInstallation),
  route({
    method: 'POST',
    path: '/oauth/clients/{id}/tries',
    allow: ofTenant.write,
    fresh: true,
    secret: true,
    summary: 'Open an application for a try from the console',
    description:
      'For ten minutes codes may go to the console’s own page as well, and a secret of that time comes with it where the application takes secrets.',
    params: idParams,
    refusals: [notFound, 'oauth.client_off', 'oauth.try_impossible', beyond],
    response: Type.Object({ redirectUri: Type.String(), secret: nullable(Type.String()), until: timestamp }),
    status: 201,
    async handle({ params, scope }, app) {
      return await changeAndAnnounce(app, scope, async tx => {
        const until = await openTry(tx, params.id)
        const made = takesSecrets(await getClient(tx, params.id)) ? await createTrySecret(tx, params.id) : null
        return { redirectUri: tryAddress(app), secret: made?.secret ?? null, until }
      })
    },
  }),
]

/** What the server asks by itself is not to lead inside. */
function requireOutside(app: App, { backchannelLogoutUri, jwksUri }: ClientChange): void {
  for (const address of [backchannelLogoutUri, jwksUri]) if (address) requireNoPrivateAddress(app, address)
}
