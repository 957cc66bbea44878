import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import { sql } from '#platform/database'
import { errorTable } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { testDatabase } from '#test/database.ts'
import type { ServerOptions } from './frame.ts'
import {
  type Authenticator,
  buildServer,
  createLogger,
  cursorOf,
  nullable,
  type Principal,
  pageOf,
  pageQuery,
  Reply,
  requireMatch,
  route,
  sessionCookie,
  timestamp,
  uuid,
} from './index.ts'

export const { db, admin } = await testDatabase()

export const refusals = errorTable('things', {
  absent: ['not_found', 'There is no thing {id}.'],
  taken: ['conflict', 'The name {name} is taken.'],
  away: ['unavailable', 'The thing store is away.'],
  notSignedIn: ['unauthenticated', 'The session has ended.'],
})

const Thing = Type.Object(
  { id: uuid, name: Type.String(), note: nullable(Type.String()), madeAt: timestamp, on: nullable(timestamp) },
  { title: 'Thing' },
)

const moment = new Date('2026-03-01T12:00:00.123Z')

export const thing = {
  id: '5a2c9f0e-0000-4000-8000-000000000001',
  name: 'Lathe',
  note: null,
  madeAt: moment,
  on: moment,
}

const params = Type.Object({ id: uuid })

export const body = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 20 }),
  size: Type.Optional(Type.Integer()),
  inner: Type.Optional(Type.Object({ colour: Type.Optional(Type.String()) })),
})

/** How many things were made since a test set it back. */
export const made = { count: 0 }

export const things = {
  name: 'things',
  permissions: {
    'things.read': { description: 'See things', roles: ['owner'] },
    'things.write': { description: 'Change things', roles: ['owner'] },
  },
  routes: [
    route({
      method: 'GET',
      path: '/things',
      allow: 'things.read',
      summary: 'List things',
      query: Type.Object({
        ...pageQuery,
        big: Type.Optional(Type.Boolean()),
        tag: Type.Optional(Type.Array(Type.String())),
        ratio: Type.Optional(Type.Number()),
        q: Type.Optional(Type.String()),
      }),
      response: pageOf(Thing, { query: Type.Any() }),
      async handle({ query }) {
        return { items: [thing], nextCursor: cursorOf([thing.id], 'things'), query }
      },
    }),
    route({
      method: 'GET',
      path: '/things/{id}',
      allow: 'things.read',
      summary: 'Read a thing',
      params,
      response: Thing,
      async handle({ params: { id } }) {
        if (id !== thing.id) throw refusals.absent({ id })
        return { ...thing, password: 'must not leave' }
      },
    }),
    route({
      method: 'PATCH',
      path: '/things/{id}',
      allow: 'things.write',
      conditional: true,
      summary: 'Change a thing',
      params,
      body,
      response: Thing,
      async handle({ ifMatch, body: { name } }) {
        requireMatch(ifMatch, { ...thing, password: 'must not leave' })
        return { ...thing, name }
      },
    }),
    route({
      method: 'DELETE',
      path: '/things/{id}',
      allow: 'things.write',
      summary: 'Drop a thing',
      params,
      response: Type.Null(),
      status: 204,
      async handle() {
        return null
      },
    }),
    route({
      method: 'POST',
      path: '/things',
      allow: 'things.write',
      summary: 'Make a thing',
      body,
      response: Thing,
      status: 201,
      async handle({ body: { name } }) {
        if (name === 'taken') throw refusals.taken({ name })
        made.count += 1
        await new Promise(resolve => setTimeout(resolve, 30))
        if (name === 'bug') throw new Error('the secret detail of a bug')
        return new Reply(201, { ...thing, name }, { headers: { location: `/things/${thing.id}` } })
      },
    }),
    route({
      method: 'POST',
      path: '/auth/enter',
      allow: 'public',
      rateLimit: 5,
      summary: 'Sign in',
      body: Type.Object({ password: Type.String() }),
      response: Type.Object({ accessToken: Type.String() }),
      async handle() {
        return new Reply(200, { accessToken: 't' }, { cookies: [{ name: sessionCookie, value: 'good' }] })
      },
    }),
    route({
      method: 'POST',
      path: '/auth/leave',
      allow: 'session',
      summary: 'Sign out',
      response: Type.Null(),
      status: 204,
      async handle() {
        return new Reply(204, null, { cookies: [{ name: sessionCookie, value: undefined }] })
      },
    }),
    route({
      method: 'GET',
      path: '/auth/who',
      allow: 'session',
      summary: 'Who am I',
      response: Type.Object({ scope: Type.Any(), cookie: Type.Optional(Type.String()) }),
      async handle({ scope, cookies }) {
        return { scope, cookie: cookies.other }
      },
    }),
    route({
      method: 'GET',
      path: '/failures/{kind}',
      allow: 'public',
      summary: 'Fail',
      params: Type.Object({ kind: Type.String() }),
      response: Type.Object({}),
      async handle({ params: { kind } }, app) {
        if (kind === 'bug') throw new Error('the secret detail of a bug')
        if (kind === 'away') throw refusals.away()
        if (kind === 'down') throw Object.assign(new Error('terminating connection'), { code: '57P01' })
        if (kind === 'nothing') return undefined as never
        if (kind === 'cancelled')
          await app.db.unscoped.run(sql`select pg_cancel_backend(pg_backend_pid()), pg_sleep(5)`)
        if (kind.endsWith('_timeout'))
          await app.db.transaction({}, async tx => {
            await tx.run(sql`select set_config(${kind}, '100ms', true)`)
            await tx.run(sql`select pg_advisory_xact_lock(1900)`)
          })
        await app.db.unscoped.one(sql`select ${kind}::uuid`)
        return {}
      },
    }),
  ],
} satisfies Module

export const users: Record<string, Principal> = {
  good: principalOf(['things.read', 'things.write']),
  reader: principalOf(['things.read']),
}

export const seen: Parameters<Authenticator>[0][] = []

export const authenticate: Authenticator = async credentials => {
  seen.push(credentials)
  const found = users[credentials.bearer ?? credentials.cookie ?? '']
  if (!found) throw refusals.notSignedIn()
  return found
}

function principalOf(permissions: string[]): Principal {
  const [sessionId, userId, tenantId] = [randomUUID(), randomUUID(), randomUUID()]
  return {
    credential: 'session',
    sessionId,
    userId,
    userName: 'Ada',
    tenantId,
    roles: [],
    permissions: new Set(permissions),
    authenticatedAt: new Date(),
  }
}

export const lines: string[] = []

export const app: App = {
  db,
  clock: systemClock,
  keyring: {} as Keyring,
  log: createLogger('debug', { write: line => lines.push(line) }),
  config: {},
  publicUrl: 'https://commonhold.example',
  modules: [],
}

export async function serve(options: Partial<ServerOptions> = {}): Promise<FastifyInstance> {
  const server = await buildServer({
    app,
    modules: [things],
    authenticate,
    readiness: async () => {},
    requestsPerMinute: 1_000_000,
    ...options,
  })
  after(() => server.close())
  return server
}

export const server = await serve()

export const bearer = { authorization: 'Bearer good' }

export async function call(options: InjectOptions, on = server) {
  const answer = await on.inject(options)
  const isJson = answer.body !== '' && /json/.test(String(answer.headers['content-type']))
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: answer.body,
    json: isJson ? answer.json() : undefined,
  }
}

export const post = (payload: unknown, headers: Record<string, string> = {}) =>
  call({ method: 'POST', url: '/api/v1/things', headers: { ...bearer, ...headers }, payload: payload as object })
