import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import type { Module } from '#platform/module.ts'
import { testDatabase } from '#test/database.ts'
import { buildServer, createLogger, type Dialect, type Principal, route } from './index.ts'

const { db } = await testDatabase()

const spoken: Dialect = {
  prefix: '/spoken/v2',
  mediaType: 'application/spoken+json; charset=utf-8',
  takes: ['application/spoken+json', 'application/json'],
  limit: 2_000_000,
  refusalOf: ({ code, status }) => ({ spoken: [code, String(status)] }),
}
const words = {
  name: 'words',
  permissions: { 'words.read': { description: 'Read words', roles: [] } },
  routes: [
    route({
      method: 'POST',
      path: '/spoken/v2/Words',
      allow: 'words.read',
      summary: 'Say a word',
      dialect: spoken,
      rateLimit: 5,
      query: Type.Object({ count: Type.Optional(Type.Integer()) }, { additionalProperties: true }),
      body: Type.Object({}, { additionalProperties: true }),
      response: Type.Object({}, { additionalProperties: true }),
      async handle({ body, query }) {
        return { body, query }
      },
    }),
    route({
      method: 'GET',
      path: '/words',
      allow: 'words.read',
      summary: 'Read a word',
      response: Type.Object({ word: Type.String() }),
      async handle() {
        return { word: 'yes' }
      },
    }),
  ],
} satisfies Module

const principal = { credential: 'api_key', userId: 'u', tenantId: 't', permissions: new Set(['words.read']) }
let metered = 0
const app = {
  db,
  clock: systemClock,
  log: createLogger('silent'),
  keyring: undefined as unknown as Keyring,
  publicUrl: 'https://hold.example',
  modules: [words],
} as unknown as App
const server = await buildServer({
  app,
  modules: [words],
  authenticate: async () => principal as unknown as Principal,
  readiness: async () => {},
  requestsPerMinute: 4,
  meter: {
    async admit() {
      metered += 1
      return undefined
    },
    sent() {},
  },
})
after(() => server.close())

const ask = async (url: string, init: { method?: 'GET' | 'POST' | 'PUT'; type?: string; body?: string } = {}) => {
  const { method = 'POST', type = 'application/spoken+json', body = '{"a":1}' } = init
  const answer = await server.inject({
    method,
    url: `/api/v1${url}`,
    headers: { authorization: 'Bearer x', ...(method === 'GET' ? {} : { 'content-type': type }) },
    ...(method === 'GET' ? {} : { payload: body }),
  })
  return [answer.statusCode, answer.headers['content-type'], answer.json(), answer.headers] as const
}

test('AG-05 a route of a dialect takes and sends its media types, any property and any parameter', async () => {
  for (const type of spoken.takes) {
    const [status, sent, body] = await ask('/spoken/v2/Words?count=2&other', { type })
    assert.deepEqual([status, sent, body], [200, spoken.mediaType, { body: { a: 1 }, query: { count: 2 } }])
  }
  assert.equal(metered, 0, 'no plan counts it')
})

test('AG-05 what the frame refuses is told in the dialect too, and only there', async () => {
  const refused = async (...asked: Parameters<typeof ask>) => {
    principal.userId = crypto.randomUUID()
    return (await ask(...asked)).slice(0, 3)
  }
  const said = (code: string, status: number) => [status, spoken.mediaType, { spoken: [code, String(status)] }]
  assert.deepEqual(await refused('/spoken/v2/Nothing'), said('http.route_not_found', 404))
  assert.deepEqual(await refused('/spoken/v2/Words', { method: 'PUT' }), said('http.method_not_allowed', 405))
  assert.deepEqual(await refused('/spoken/v2/Words', { body: '{' }), said('http.body_malformed', 400))
  assert.deepEqual(
    await refused('/spoken/v2/Words', { body: '{"__proto__":{"a":1}}' }),
    said('http.body_malformed', 400),
  )
  assert.deepEqual(await refused('/spoken/v2/Words', { type: 'text/plain' }), said('http.media_type_unsupported', 415))
  const large = JSON.stringify({ a: 'x'.repeat(2_000_000) })
  assert.deepEqual(await refused('/spoken/v2/Words', { body: large }), said('http.body_too_large', 413))
  const [status, type] = await ask('/words/nothing', { method: 'GET' })
  assert.deepEqual([status, type], [404, 'application/problem+json; charset=utf-8'])
})

test('AG-05 a limit above the general one takes its place', async () => {
  principal.userId = 'another'
  const [, , , headers] = await ask('/spoken/v2/Words')
  assert.equal(headers['ratelimit-policy'], '"POST /spoken/v2/Words";q=5;w=60')
  const statuses: number[] = []
  for (let asked = 1; asked <= 5; asked += 1) statuses.push((await ask('/spoken/v2/Words'))[0])
  assert.deepEqual(statuses, [200, 200, 200, 200, 429])
  assert.equal((await ask('/words', { method: 'GET' }))[0], 200)
})

test('a server does not start with a route outside of its dialect', async () => {
  const [first] = words.routes
  const build = (path: string) =>
    buildServer({
      app,
      authenticate: async () => principal as unknown as Principal,
      readiness: async () => {},
      modules: [{ ...words, routes: [{ ...first, path }] } as unknown as Module],
    })
  await assert.rejects(build('/elsewhere/Words'), /POST \/elsewhere\/Words is not where its dialect is/)
})
