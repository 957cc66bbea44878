import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { systemClock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import { errorTable } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { testDatabase } from '#test/database.ts'
import { buildServer, createLogger, type Mount } from './index.ts'

const { db } = await testDatabase()
const refusals = errorTable('gate', { shut: ['not_found', 'There is no {path} here.'] })

const gate: Mount = {
  prefix: '/gate',
  async open({ path }) {
    if (path === '/shut') throw refusals.shut({ path })
    return async (request, response) => {
      if (path === '/broken') throw new Error('The gate fell')
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      response.setHeader('content-type', 'text/plain').end(Buffer.concat(parts))
    }
  },
}

const lines: string[] = []
const app: App = {
  db,
  clock: systemClock,
  keyring: {} as Keyring,
  log: createLogger('info', { write: line => lines.push(line) }),
  config: {},
  publicUrl: 'https://commonhold.example',
  modules: [],
}
const server = await buildServer({
  app,
  modules: [{ name: 'gate', mounts: [gate] } as unknown as Module],
  authenticate: () => Promise.reject(new Error('Nobody is asked who he is')),
  readiness: async () => {},
  requestsPerMinute: 1_000,
})
after(() => server.close())
const address = await server.listen({ host: '127.0.0.1', port: 0 })

test('a mount reads the request itself, whatever is in it, and its answer has the common headers', async () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'no type at all']) {
    const headers = { 'content-type': type }
    const answer = await fetch(`${address}/gate/open`, { method: 'POST', headers, body: '{"a": not json' })
    assert.deepEqual([answer.status, await answer.text()], [200, '{"a": not json'])
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
    assert.match(answer.headers.get('ratelimit') ?? '', /^"general";r=\d+;t=\d+$/)
  }
})

test('what a mount refuses is a problem, and each request is logged once', async () => {
  const from = lines.length
  const answer = await fetch(`${address}/gate/shut`, { method: 'POST', body: 'anything' })
  const { code } = (await answer.json()) as { code: string }
  assert.deepEqual([answer.status, code], [404, 'gate.shut'])
  assert.equal((await fetch(`${address}/gate/open`, { method: 'POST', body: 'more' })).status, 200)
  const logged = lines.slice(from).map(line => JSON.parse(line))
  assert.deepEqual(
    logged.filter(({ msg }) => msg === 'request').map(({ route, status }) => [route, status]),
    [
      ['/gate/*', 404],
      ['/gate/*', 200],
    ],
  )
})

test('a mount that fails is logged with its cause, and who asked does not wait', async () => {
  const from = lines.length
  await assert.rejects(fetch(`${address}/gate/broken`, { signal: AbortSignal.timeout(20_000) }), { name: 'TypeError' })
  const [failure] = lines.slice(from).map(line => JSON.parse(line))
  assert.deepEqual([failure.msg, failure.err.message, failure.mount], ['a mount failed', 'The gate fell', '/gate'])
})
