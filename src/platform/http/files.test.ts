import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { after, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import type { Database } from '#platform/database'
import type { Module } from '#platform/module.ts'
import { type AnyRoute, buildServer, createLogger, Reply, renderApiMarkdown, renderOpenApi, route } from './index.ts'

const limit = 100_000
let handled = 0

const files = {
  name: 'files',
  routes: [
    route({
      method: 'PUT',
      path: '/files/mine',
      allow: 'session',
      summary: 'Keep a file',
      rawBody: { types: ['image/png', 'image/webp'], limit },
      response: Type.Object({ bytes: Type.Integer(), first: Type.Integer(), body: Type.Boolean() }),
      async handle({ rawBody, body }) {
        handled++
        return { bytes: rawBody.length, first: rawBody[0] ?? -1, body: body !== undefined }
      },
    }),
    route({
      method: 'POST',
      path: '/files',
      allow: 'session',
      summary: 'Add a file',
      rawBody: { types: ['image/png'], limit },
      response: Type.Null(),
      status: 204,
      async handle() {
        handled++
        return null
      },
    }),
    route({
      method: 'GET',
      path: '/files/mine',
      allow: 'session',
      summary: 'Read the file',
      produces: 'image/webp',
      response: Type.Any(),
      async handle() {
        return new Reply(200, Buffer.from([0, 1, 255]), { headers: { 'content-type': 'image/webp' } })
      },
    }),
    route({
      method: 'POST',
      path: '/notes',
      allow: 'session',
      summary: 'Add a note',
      body: Type.Object({ text: Type.String() }),
      response: Type.Object({ bytes: Type.Integer() }),
      async handle({ rawBody }) {
        return { bytes: rawBody.length }
      },
    }),
  ],
} satisfies Module

const app: App = {
  db: {} as Database,
  clock: systemClock,
  keyring: {} as Keyring,
  log: createLogger('silent', { write: () => {} }),
  config: {},
  publicUrl: 'https://commonhold.example',
  modules: [],
}
const build = (modules: readonly Module[]) =>
  buildServer({
    app,
    modules,
    readiness: async () => {},
    authenticate: async () => ({
      credential: 'session' as const,
      sessionId: randomUUID(),
      userId: randomUUID(),
      userName: 'Ada',
      tenantId: undefined,
      roles: [],
      permissions: new Set(),
      authenticatedAt: new Date(),
    }),
  })
const server = await build([files])
const baseUrl = await server.listen({ host: '127.0.0.1', port: 0 })
after(() => server.close())

async function send(path: string, type: string | undefined, payload: Buffer | string, method: 'PUT' | 'POST' = 'PUT') {
  const headers = { authorization: 'Bearer good', ...(type !== undefined && { 'content-type': type }) }
  const answer = await server.inject({ method, url: `/api/v1${path}`, headers, payload })
  return { status: answer.statusCode, json: answer.body === '' ? undefined : answer.json() }
}

test('a route may take the bytes of a file, as they are', async () => {
  const bytes = Buffer.from([0xff, 0x00, 0x7b])
  const taken = { bytes: 3, first: 255, body: false }
  assert.deepEqual(await send('/files/mine', 'image/png', bytes), { status: 200, json: taken })
  assert.deepEqual(await send('/files/mine', 'Image/WebP; q=1', bytes), { status: 200, json: taken })
  const most = await send('/files/mine', 'image/png', Buffer.alloc(limit))
  assert.deepEqual([most.status, most.json.bytes], [200, limit])
  assert.equal((await send('/files', 'image/png', bytes, 'POST')).status, 204)
})

test('a file of another media type, an empty one and a JSON body are refused', async () => {
  const before = handled
  for (const type of ['image/svg+xml', 'application/json', 'text/html', 'multipart/form-data; boundary=x', undefined]) {
    const { status, json } = await send('/files/mine', type, '{"a":1}')
    assert.deepEqual([status, json.code], [415, 'http.media_type_unsupported'], type)
    assert.equal(json.detail, 'The body must be image/png, image/webp.')
  }
  const { status, json } = await send('/files', 'image/webp', 'x', 'POST')
  assert.deepEqual(
    [status, json.detail],
    [415, 'The body must be image/png.'],
    'what one route takes the other does not',
  )
  for (const empty of [await send('/files/mine', 'image/png', ''), await send('/files/mine', undefined, '')]) {
    assert.deepEqual([empty.status, empty.json.code], [400, 'http.request_invalid'])
  }
  assert.equal(handled, before)
})

test('a route for JSON takes no files, and has no bytes of one', async () => {
  const refused = await send('/notes', 'image/png', 'x', 'POST')
  assert.deepEqual([refused.status, refused.json.code], [415, 'http.media_type_unsupported'])
  assert.equal(refused.json.detail, 'The body must be application/json in UTF-8.')
  assert.deepEqual((await send('/notes', 'application/json', '{"text":"a"}', 'POST')).json, { bytes: 0 })
})

test('a file that is too large is refused before it has come', async () => {
  const before = handled
  const declared = await send('/files/mine', 'image/png', Buffer.alloc(limit + 1))
  assert.deepEqual([declared.status, declared.json.code], [413, 'http.body_too_large'])
  assert.match(declared.json.detail, /100000 bytes/)

  // Without Content-Length, and without an end.
  const { status, sent } = await new Promise<{ status: number; sent: number }>((resolve, reject) => {
    let sent = 0
    const request = httpRequest(`${baseUrl}/api/v1/files/mine`, {
      method: 'PUT',
      headers: { authorization: 'Bearer good', 'content-type': 'image/png', 'transfer-encoding': 'chunked' },
    })
    const timer = setInterval(() => {
      sent += 10_000
      request.write(Buffer.alloc(10_000))
    }, 2)
    request.on('response', response => {
      clearInterval(timer)
      request.destroy()
      resolve({ status: response.statusCode ?? 0, sent })
    })
    request.on('error', error => {
      clearInterval(timer)
      reject(error)
    })
  })
  assert.equal(status, 413)
  assert.ok(sent < limit * 5, `${sent} bytes were taken`)
  assert.equal(handled, before)
})

test('who may not is refused before his file is read', async () => {
  const answer = await server.inject({ method: 'PUT', url: '/api/v1/files/mine', payload: 'x' })
  assert.equal(answer.statusCode, 401)
  const cookie = { cookie: '__Host-commonhold=good', 'content-type': 'image/png' }
  const forged = await server.inject({ method: 'PUT', url: '/api/v1/files/mine', payload: 'x', headers: cookie })
  assert.deepEqual([forged.statusCode, forged.json().code], [403, 'http.cross_site'])
})

test('a route may answer with bytes', async () => {
  const answer = await server.inject({ url: '/api/v1/files/mine', headers: { authorization: 'Bearer good' } })
  assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, 'image/webp'])
  assert.deepEqual([...answer.rawPayload], [0, 1, 255])
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.equal(answer.headers['content-encoding'], undefined)
})

test('files stand in the document with their types, and without Idempotency-Key', async () => {
  const document = renderOpenApi([files], app.publicUrl)
  const { put, get } = document.paths['/api/v1/files/mine'] ?? {}
  const binary = { schema: { type: 'string', format: 'binary' } }
  assert.deepEqual(put?.requestBody, { required: true, content: { 'image/png': binary, 'image/webp': binary } })
  assert.match(put?.description ?? '', /a file of at most 100000 bytes: image\/png, image\/webp/)
  assert.deepEqual((get?.responses[200] as { content?: unknown } | undefined)?.content, { 'image/webp': binary })
  const names = document.paths['/api/v1/files']?.post?.parameters.map(({ name }) => name)
  assert.deepEqual(names, ['X-Tenant-Id'])
  assert.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true })
  assert.match(renderApiMarkdown(document), /Answers 200 with image\/webp\./)
})

test('a route that takes JSON and bytes is a mistake', async () => {
  const both = { ...files.routes[3], rawBody: { types: ['image/png'], limit } } as AnyRoute
  await assert.rejects(build([{ name: 'files', routes: [both] }]), /takes JSON or bytes, not both/)
})
