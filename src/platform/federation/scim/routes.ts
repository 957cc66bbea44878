import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Scope } from '#platform/database'
import { Reply, route } from '#platform/http'
import { groupShape, type Shape, userShape } from './attributes.ts'
import { runBulk } from './bulks.ts'
import { scim } from './dialect.ts'
import { admitDirectory, type Directory } from './directories.ts'
import { scimErrors as errors } from './errors.ts'
import { createGroup, deleteGroup, getGroup, listGroups, patchGroup, replaceGroup } from './groups.ts'
import type { Json } from './messages.ts'
import { listQuery, oneQuery, readListing } from './pages.ts'
import { readOperations } from './patches.ts'
import { provision } from './provisionings.ts'
import { noted } from './requests.ts'
import { readWanted, replyWith, select } from './resources.ts'
import { getResourceType, getSchema, listResourceTypes, listSchemas, serviceProviderConfig } from './schemas.ts'
import { createUser, deleteUser, getUser, listUsers, patchUser, replaceUser } from './users.ts'

const base = '/scim/v2/{providerId}'
const providerId = Type.String({ maxLength: 100, description: 'The id of the identity provider' })
const ofProvider = Type.Object({ providerId })
const ofResource = Type.Object({ providerId, id: Type.String({ maxLength: 200 }) })
/** Its attributes are those of `/Schemas`: what is not among them is left out. */
const resource = Type.Object({}, { additionalProperties: true })
const response = Type.Unsafe<Json>(resource)
const body = Type.Unsafe<Json>(resource)

/** Entra asks for 25 a second, with bursts (its requirement for the gallery). */
const common = { allow: provision, dialect: scim, rateLimit: 3_000, etag: false } as const
const writing = {
  ...common,
  conditional: true,
  refusals: [
    'federation.scim_provider_not_found',
    'federation.scim_provider_inactive',
    'federation.scim_value_invalid',
    'federation.scim_changed_meanwhile',
  ],
} as const
const onUsers = [
  'federation.scim_user_name_taken',
  'federation.scim_external_id_taken',
  'federation.scim_person_taken',
  'members.last_owner',
]
const onGroups = ['federation.scim_display_name_taken', 'federation.scim_external_id_taken', 'members.last_owner']

type Call = { params: { providerId: string; id?: string }; scope: Scope }

/** With the directory that the token is of; what is asked of another is not there. */
async function ask<T>(
  { params, scope }: Call,
  app: App,
  asked: { method: string; resource: string; status?: number },
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  const directory = await admitDirectory(app, scope, params.providerId)
  const { method, resource, status = 200 } = asked
  return await noted(app, scope, directory, { method, resource, resourceId: params.id }, status, async () => {
    if (!directory.isActive) throw errors.scimProviderInactive()
    return await work(directory)
  })
}

/** Nothing is sent where the client has this version already (RFC 7644, 3.14). */
function unlessKnown(headers: Readonly<Record<string, unknown>>, found: Json): Reply<Json> {
  const { version } = found.meta as { version: string }
  const known = headers['if-none-match']
  const isKnown = typeof known === 'string' && (known.trim() === '*' || known.includes(version.replace(/^W\//, '')))
  if (isKnown) return new Reply(304, undefined as unknown as Json, { headers: { etag: version } })
  return replyWith(200, found)
}

/** What differs between people and groups; the rest is told once. */
type Kind = {
  name: 'Users' | 'Groups'
  shape: Shape
  summaries: { list: string; get: string; create: string; replace: string; remove: string }
  aboutCreating?: string
  taken: readonly string[]
  notFound: string
  list: typeof listUsers
  get: typeof getGroup
  create: typeof createUser
  replace: typeof replaceUser
  remove: typeof deleteUser
}

function routesOf(kind: Kind) {
  const { name, summaries, notFound } = kind
  return [
    route({
      ...common,
      method: 'GET',
      path: `${base}/${name}`,
      summary: summaries.list,
      params: ofProvider,
      query: listQuery,
      response,
      refusals: ['federation.scim_filter_invalid', 'federation.scim_filter_too_complex'],
      async handle(request, app) {
        const { query, scope } = request
        return await ask(
          request,
          app,
          { method: 'GET', resource: name },
          async directory => await kind.list(app.db.reads(scope), directory, readListing(query)),
        )
      },
    }),
    route({
      ...common,
      method: 'GET',
      path: `${base}/${name}/{id}`,
      summary: summaries.get,
      params: ofResource,
      query: oneQuery,
      response,
      refusals: [notFound],
      async handle(request, app) {
        const { params, query, scope, headers } = request
        const wanted = readWanted(query)
        const found = await ask(
          request,
          app,
          { method: 'GET', resource: name },
          async directory => await kind.get(app.db.reads(scope), directory, params.id, wanted),
        )
        const reply = unlessKnown(headers, found)
        return reply.status === 304
          ? reply
          : new Reply(200, select(kind.shape, found, wanted), { headers: reply.headers })
      },
    }),
    route({
      ...writing,
      method: 'POST',
      path: `${base}/${name}`,
      summary: summaries.create,
      ...(kind.aboutCreating !== undefined && { description: kind.aboutCreating }),
      params: ofProvider,
      query: oneQuery,
      body,
      response,
      status: 201,
      refusals: [...writing.refusals, ...kind.taken],
      async handle(request, app) {
        const { body, scope } = request
        const made = await ask(
          request,
          app,
          { method: 'POST', resource: name, status: 201 },
          async directory => await kind.create(app, scope, directory, body),
        )
        return replyWith(201, made)
      },
    }),
    route({
      ...writing,
      method: 'PUT',
      path: `${base}/${name}/{id}`,
      summary: summaries.replace,
      params: ofResource,
      query: oneQuery,
      body,
      response,
      refusals: [...writing.refusals, ...kind.taken, notFound],
      async handle(request, app) {
        const { params, body, scope, ifMatch } = request
        const changed = await ask(
          request,
          app,
          { method: 'PUT', resource: name },
          async directory => await kind.replace(app, scope, directory, params.id, body, ifMatch),
        )
        return replyWith(200, changed)
      },
    }),
    route({
      ...writing,
      method: 'DELETE',
      path: `${base}/${name}/{id}`,
      summary: summaries.remove,
      params: ofResource,
      query: oneQuery,
      response: Type.Null(),
      status: 204,
      refusals: [...writing.refusals, 'members.last_owner', notFound],
      async handle(request, app) {
        const { params, scope, ifMatch } = request
        await ask(
          request,
          app,
          { method: 'DELETE', resource: name, status: 204 },
          async directory => await kind.remove(app, scope, directory, params.id, ifMatch),
        )
        return new Reply(204, null)
      },
    }),
  ]
}

const usersRoutes = routesOf({
  name: 'Users',
  shape: userShape,
  summaries: {
    list: 'List or find the people of a directory',
    get: 'Get a person of a directory',
    create: 'Bring a person from a directory',
    replace: 'Replace what a directory says of a person',
    remove: 'Take a person out who is no longer in the directory',
  },
  aboutCreating:
    'Of an address of the workspace’s own domains that nobody has an account is made; whose account it is already is asked by an invitation.',
  taken: onUsers,
  notFound: 'federation.scim_user_not_found',
  list: listUsers,
  get: getUser,
  create: createUser,
  replace: replaceUser,
  remove: deleteUser,
})
const groupsRoutes = routesOf({
  name: 'Groups',
  shape: groupShape,
  summaries: {
    list: 'List or find the groups of a directory',
    get: 'Get a group of a directory',
    create: 'Bring a group from a directory',
    replace: 'Replace a group of a directory',
    remove: 'Remove a group of a directory',
  },
  taken: onGroups,
  notFound: 'federation.scim_group_not_found',
  list: listGroups,
  get: getGroup,
  create: createGroup,
  replace: replaceGroup,
  remove: deleteGroup,
})

export const scimRoutes = [
  route({
    ...common,
    method: 'GET',
    path: `${base}/ServiceProviderConfig`,
    summary: 'What this SCIM server can do',
    params: ofProvider,
    query: oneQuery,
    response,
    async handle(request, app) {
      const asked = { method: 'GET', resource: 'ServiceProviderConfig' }
      return await ask(request, app, asked, async ({ base }) => serviceProviderConfig(base))
    },
  }),
  route({
    ...common,
    method: 'GET',
    path: `${base}/ResourceTypes`,
    summary: 'The kinds of SCIM resources',
    params: ofProvider,
    query: oneQuery,
    response,
    async handle(request, app) {
      const asked = { method: 'GET', resource: 'ResourceTypes' }
      return await ask(request, app, asked, async ({ base }) => listResourceTypes(base))
    },
  }),
  route({
    ...common,
    method: 'GET',
    path: `${base}/ResourceTypes/{id}`,
    summary: 'One kind of SCIM resources',
    params: ofResource,
    query: oneQuery,
    response,
    refusals: ['federation.scim_schema_not_found'],
    async handle(request, app) {
      const asked = { method: 'GET', resource: 'ResourceTypes' }
      return await ask(request, app, asked, async ({ base }) => getResourceType(base, request.params.id))
    },
  }),
  route({
    ...common,
    method: 'GET',
    path: `${base}/Schemas`,
    summary: 'The attributes of SCIM resources',
    params: ofProvider,
    query: oneQuery,
    response,
    async handle(request, app) {
      const asked = { method: 'GET', resource: 'Schemas' }
      return await ask(request, app, asked, async ({ base }) => listSchemas(base))
    },
  }),
  route({
    ...common,
    method: 'GET',
    path: `${base}/Schemas/{id}`,
    summary: 'One schema of SCIM resources',
    params: ofResource,
    query: oneQuery,
    response,
    refusals: ['federation.scim_schema_not_found'],
    async handle(request, app) {
      const asked = { method: 'GET', resource: 'Schemas' }
      return await ask(request, app, asked, async ({ base }) => getSchema(base, request.params.id))
    },
  }),
  ...usersRoutes,
  route({
    ...writing,
    method: 'PATCH',
    path: `${base}/Users/{id}`,
    summary: 'Change what a directory says of a person',
    params: ofResource,
    query: oneQuery,
    body,
    response,
    refusals: [
      ...writing.refusals,
      ...onUsers,
      'federation.scim_user_not_found',
      'federation.scim_syntax_invalid',
      'federation.scim_path_invalid',
      'federation.scim_no_target',
      'federation.scim_read_only',
    ],
    async handle(request, app) {
      const { params, body, scope, ifMatch } = request
      const changed = await ask(
        request,
        app,
        { method: 'PATCH', resource: 'Users' },
        async directory => await patchUser(app, scope, directory, params.id, readOperations(body), ifMatch),
      )
      return replyWith(200, changed)
    },
  }),
  ...groupsRoutes,
  route({
    ...writing,
    method: 'PATCH',
    path: `${base}/Groups/{id}`,
    summary: 'Change a group of a directory, and who is in it',
    params: ofResource,
    query: oneQuery,
    body,
    response: Type.Null(),
    status: 204,
    refusals: [
      ...writing.refusals,
      ...onGroups,
      'federation.scim_group_not_found',
      'federation.scim_syntax_invalid',
      'federation.scim_path_invalid',
      'federation.scim_no_target',
      'federation.scim_read_only',
    ],
    async handle(request, app) {
      const { params, body, scope, ifMatch } = request
      await ask(
        request,
        app,
        { method: 'PATCH', resource: 'Groups', status: 204 },
        async directory => await patchGroup(app, scope, directory, params.id, readOperations(body), ifMatch),
      )
      return new Reply(204, null)
    },
  }),
  route({
    ...common,
    method: 'POST',
    path: `${base}/Bulk`,
    summary: 'Several requests of a directory in one',
    description: 'Each is answered for itself; what refers to another by its bulkId waits for that one.',
    params: ofProvider,
    query: oneQuery,
    body,
    response,
    rateLimit: 300,
    refusals: ['federation.scim_bulk_too_many', 'federation.scim_syntax_invalid'],
    async handle(request, app) {
      const { body, scope } = request
      return await ask(
        request,
        app,
        { method: 'POST', resource: 'Bulk' },
        async directory => await runBulk(app, scope, directory, body),
      )
    },
  }),
]
