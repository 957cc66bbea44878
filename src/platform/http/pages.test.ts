import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import { errorTable } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { testDatabase } from '#test/database.ts'
import {
  buildServer,
  createLogger,
  idParams,
  nullable,
  oneOf,
  pageOf,
  pageQuery,
  renderApiMarkdown,
  renderOpenApi,
  route,
  timestamp,
  uuid,
} from './index.ts'

const { db } = await testDatabase()

errorTable('boats', {
  aground: ['conflict', 'The boat {id} is aground already.'],
  papersMissing: ['unauthenticated', 'Show your papers.'],
})

const Boat = Type.Object(
  {
    id: uuid,
    name: Type.String({ description: 'Its `name` <b>' }),
    kind: oneOf(['sail', 'motor']),
    sunkAt: nullable(timestamp),
  },
  { title: 'Boat' },
)
const boat = { id: '5a2c9f0e-0000-4000-8000-000000000001', name: 'Ada', kind: 'sail' as const, sunkAt: null }
const handle = async () => ({ items: [], nextCursor: null }) as never
const boats = {
  name: 'boats',
  permissions: {
    'boats.read': { description: 'See boats', roles: ['owner'] },
    'boats.write': { description: 'Change boats', roles: ['owner'] },
  },
  routes: [
    route({
      method: 'GET',
      path: '/boats',
      allow: 'boats.read',
      summary: 'List boats',
      query: Type.Object({ ...pageQuery, kind: Type.Optional(oneOf(['sail', 'motor'])) }),
      response: pageOf(Boat),
      handle: async () => ({
        items: Array.from({ length: 100 }, () => boat),
        nextCursor: null,
      }),
    }),
    route({
      method: 'GET',
      path: '/boats/{id}',
      allow: 'boats.read',
      summary: 'Read a boat',
      params: idParams,
      response: Boat,
      handle: async () => ({ ...boat, name: 'Ada '.repeat(1000) }),
    }),
    route({
      method: 'PATCH',
      path: '/boats/{id}',
      allow: 'boats.write',
      summary: 'Change a boat',
      conditional: true,
      params: idParams,
      body: Type.Object({
        name: Type.Optional(Type.String()),
        crew: Type.Optional(Type.Array(Type.Object({ id: uuid }))),
      }),
      response: Boat,
      handle,
    }),
    route({
      method: 'POST',
      path: '/boats',
      allow: 'boats.write',
      summary: 'Build a boat',
      status: 201,
      body: Boat,
      response: Boat,
      handle,
    }),
    route({
      method: 'DELETE',
      path: '/boats/{id}',
      allow: 'boats.write',
      summary: 'Sink a boat',
      refusals: ['boats.aground'],
      status: 204,
      params: idParams,
      response: Type.Null(),
      handle,
    }),
    route({
      method: 'GET',
      path: '/harbour',
      allow: 'public',
      summary: 'See the <harbour>',
      refusals: ['boats.papers_missing'],
      response: Type.Object({}),
      handle,
    }),
  ],
} satisfies Module

const consoleDirectory = mkdtempSync(join(tmpdir(), 'commonhold-console-'))
mkdirSync(join(consoleDirectory, 'assets'))
writeFileSync(join(consoleDirectory, 'index.html'), '<!doctype html><title>Console</title>')
writeFileSync(join(consoleDirectory, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
writeFileSync(join(consoleDirectory, 'assets', 'main-4f3a2b1c.js'), 'console.log(1)\n'.repeat(500))
writeFileSync(join(consoleDirectory, '.secret'), 'x')

const app: App = {
  db,
  clock: systemClock,
  keyring: {} as Keyring,
  log: createLogger('silent'),
  config: {},
  publicUrl: 'https://commonhold.example',
  modules: [],
}
const server = await buildServer({
  app,
  modules: [boats],
  consoleDirectory,
  readiness: async () => {},
  authenticate: async () => ({
    credential: 'session' as const,
    sessionId: '',
    userId: 'u',
    userName: '',
    tenantId: undefined,
    roles: [],
    permissions: new Set(['boats.read']),
    authenticatedAt: new Date(),
  }),
})
after(() => server.close())
const document = renderOpenApi([boats], app.publicUrl)

test('the OpenAPI 3.1 document is valid and is what the server gives', async () => {
  const served = await server.inject('/api/v1/openapi.json')
  assert.deepEqual(served.json(), JSON.parse(JSON.stringify(document)))
  const validator = new Validator()
  const { valid, errors } = await validator.validate(served.json())
  assert.ok(valid, JSON.stringify(errors))
  assert.equal(validator.version, '3.1')
})

test('every operation says who may, what it takes, what it answers and how it refuses', () => {
  const get = document.paths['/api/v1/boats/{id}']?.get
  const list = document.paths['/api/v1/boats']?.get
  const change = document.paths['/api/v1/boats/{id}']?.patch
  const open = document.paths['/api/v1/harbour']?.get
  const build = document.paths['/api/v1/boats']?.post
  const sink = document.paths['/api/v1/boats/{id}']?.delete
  assert.ok(get && list && change && open && build && sink)
  assert.equal(get['x-permission'], 'boats.read')
  assert.match(get.description, /`boats\.read` \(See boats\)/)
  assert.deepEqual(get.security, [{ bearer: [] }, { session: [] }])
  assert.deepEqual([open.security, open['x-permission']], [[], undefined])
  assert.deepEqual(Object.keys(get.responses), ['200', '304', '400', '401', '403', '404', '429', '503'])
  assert.deepEqual(Object.keys(change.responses), [
    '200',
    '400',
    '401',
    '403',
    '404',
    '412',
    '413',
    '415',
    '429',
    '503',
  ])
  assert.deepEqual(Object.keys(build.responses), ['201', '400', '401', '403', '409', '413', '415', '429', '503'])
  assert.deepEqual(Object.keys(sink.responses), ['204', '400', '401', '403', '404', '409', '413', '415', '429', '503'])
  assert.deepEqual(Object.keys(open.responses), ['200', '400', '401', '429', '503'])
  assert.match(sink.description, /May refuse with `boats\.aground` \(409\)\.$/)
  const names = change.parameters.map(parameter => `${parameter.in} ${parameter.name}`)
  assert.deepEqual(names, ['path id', 'header X-Tenant-Id', 'header If-Match'])
  const limit = list.parameters.find(parameter => parameter.name === 'limit')
  assert.deepEqual([limit?.required, limit?.schema.default], [false, 25])
  assert.equal(change.requestBody?.content['application/json']?.schema.additionalProperties, false)
  const ids = Object.values(document.paths).flatMap(methods => Object.values(methods).map(one => one.operationId))
  assert.equal(new Set(ids).size, 6)
  assert.ok(ids.includes('patchBoatsById'))
  assert.deepEqual(document.components.schemas.Boat?.properties?.sunkAt?.type, ['string', 'null'])
})

test('the reference page comes whole from this server, escaped, with every operation and problem', async () => {
  const page = await server.inject('/api/docs')
  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-type']), /^text\/html/)
  assert.match(String(page.headers['content-security-policy']), /script-src 'self';/)
  assert.doesNotMatch(page.body, /<b>|<harbour>|<script>|style="|onclick|(src|href)="(https?:)?\/\//)
  for (const text of ['/api/v1/boats/{id}', 'boats.write', 'See the &#60;harbour&#62;', 'http.request_invalid']) {
    assert.ok(page.body.includes(text), text)
  }
  for (const id of page.body.matchAll(/href="#([^"]+)"/g)) assert.ok(page.body.includes(`id="${id[1]}"`), id[1])
  for (const [, path] of page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
    const { statusCode, headers } = await server.inject(path ?? '')
    assert.equal(statusCode, 200, path)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('the Markdown reference is made of the document alone', () => {
  const markdown = renderApiMarkdown(document)
  assert.equal(markdown, renderApiMarkdown(JSON.parse(JSON.stringify(document))))
  for (const text of [
    '### PATCH /api/v1/boats/{id}',
    '| `items[].kind` | "sail" \\| "motor" | yes |',
    '| `crew[].id` | uuid | yes |',
    'Answers 204 without a body.',
  ]) {
    assert.ok(markdown.includes(text), text)
  }
})

test('console addresses answer the page, hashed files are kept for good, other things are not found', async () => {
  const html = { accept: 'text/html,*/*' }
  for (const url of ['/', '/lists', '/lists/5a2c9f0e', '/sign-in?next=%2Flists']) {
    const { statusCode, headers, body } = await server.inject({ url, headers: html })
    assert.equal(statusCode, 200, url)
    assert.match(body, /<title>Console/)
    assert.equal(headers['cache-control'], 'no-cache')
    assert.match(
      String(headers['content-security-policy']),
      /default-src 'self'.*connect-src 'self'.*frame-ancestors 'none'/,
    )
  }
  const asset = await server.inject('/assets/main-4f3a2b1c.js')
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal((await server.inject('/favicon.svg')).headers['cache-control'], 'no-cache')
  for (const [url, headers] of [
    ['/lists', {}],
    ['/api/v1/nothing', html],
    ['/api/nothing', html],
    ['/assets/gone.js', {}],
    ['/.secret', {}],
    ['/assets/..%2f..%2fetc/passwd', {}],
    ['/assets/../.secret', {}],
  ] as const) {
    const { statusCode, headers: answered } = await server.inject({ url, headers })
    assert.equal(statusCode, 404, url)
    assert.match(String(answered['content-type']), /problem\+json/)
  }
  assert.equal((await server.inject({ method: 'POST', url: '/lists', headers: html })).statusCode, 404)
})

test('pages of a list are compressed on demand, single resources are not', async () => {
  const headers = { authorization: 'Bearer x', 'accept-encoding': 'gzip' }
  const list = await server.inject({ url: '/api/v1/boats', headers })
  assert.equal(list.headers['content-encoding'], 'gzip')
  assert.match(String(list.headers.vary), /accept-encoding/)
  assert.equal(JSON.parse(gunzipSync(list.rawPayload).toString()).items.length, 100)
  const one = await server.inject({ url: `/api/v1/boats/${boat.id}`, headers })
  assert.deepEqual([one.headers['content-encoding'], one.json().name.length], [undefined, 4000])
  const plain = await server.inject({ url: '/api/v1/boats', headers: { authorization: 'Bearer x' } })
  assert.equal(plain.headers['content-encoding'], undefined)
})
