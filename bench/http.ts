import autocannon from 'autocannon'
import { fastify } from 'fastify'
import pg from 'pg'
import { accountsOf, createAccount } from '#platform/accounts'
import { Keyring } from '#platform/crypto'
import { buildServer, createLogger } from '#platform/http'
import { hashNewPassword } from '#platform/identity'
import { loadConfig } from '../src/main/config.ts'
import { modules } from '../src/main/modules.ts'
import { createApp } from '../src/main/program.ts'
import type { Bench } from './context.ts'

/**
 * GET of one contractor list with an access token through everything (who, may he, scope, row-level security, schema,
 * entity tag, log line), against a bare Fastify handler with a pg pool and the same query without a tenant's setting.
 */
const http: Bench = async ({ adminConfig, login, log }) => {
  const { settings } = loadConfig(modules, { COMMONHOLD_LOG_LEVEL: 'info' })
  const keyring = Keyring.parse(Keyring.generate('k1'))
  // The log is written as in service, to where it costs no terminal.
  const discarded = createLogger('info', { write: () => {} })
  const app = createApp({ settings, login, keyring, log: discarded })
  const server = await buildServer({
    app,
    modules,
    authenticate: accountsOf(app).principals.authenticate,
    requestsPerMinute: 1_000_000_000,
    readiness: async () => {},
  })
  const address = await server.listen({ host: '127.0.0.1', port: 0 })
  const person = { email: 'bench@example.com', password: crypto.randomUUID(), fullName: 'Bench', tenantName: 'Bench' }
  const passwordHash = await hashNewPassword(person.password)
  await createAccount(app, {}, { ...person, passwordHash, isEmailVerified: true })
  const answer = await fetch(`${address}/api/v1/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: person.email, password: person.password }),
  })
  const signedIn = (await answer.json()) as { accessToken: string; tenantId: string; user: { id: string } }
  const authorization = `Bearer ${signedIn.accessToken}`
  const lists = await fetch(`${address}/api/v1/contractor-lists`, { headers: { authorization } })
  const { items } = (await lists.json()) as { items: { id: string }[] }
  const listId = items[0]?.id as string

  const pool = new pg.Pool({ ...adminConfig, max: 10 })
  // Its last connections may still be closing when the database is dropped.
  pool.on('error', () => {})
  const bare = fastify()
  bare.get('/list/:id', async request => {
    const { id } = request.params as { id: string }
    const { rows } = await pool.query({
      name: 'list',
      text: `select *, user_id = $3 as is_mine from contractors.contractor_list_summaries where tenant_id = $1 and id = $2`,
      values: [signedIn.tenantId, id, signedIn.user.id],
    })
    return rows[0]
  })
  const bareAddress = await bare.listen({ host: '127.0.0.1', port: 0 })

  const full = { url: `${address}/api/v1/contractor-lists/${listId}`, headers: { authorization } }
  const plain = { url: `${bareAddress}/list/${listId}`, headers: {} }
  for (const target of [plain, full]) await load(target, 2)
  const ratios: number[] = []
  for (let round = 0; round < 5; round++) {
    const [without, with_] = [await load(plain, 3), await load(full, 3)]
    log(`bare ${Math.round(without)}/s, through everything ${Math.round(with_)}/s`)
    ratios.push(with_ / without)
  }
  ratios.sort((one, other) => one - other)
  const value = ratios[2] as number

  await Promise.all([server.close(), bare.close(), pool.end()])
  await app.db.close()
  return [
    {
      name: 'GET of one list against a bare Fastify and pg handler',
      value,
      unit: '×',
      target: '≥ 0.7',
      ok: value >= 0.7,
    },
  ]
}

export default http

/** Requests a second at 32 connections for some seconds; any answer that is not 200 is an error. */
async function load(target: { url: string; headers: Record<string, string> }, duration: number): Promise<number> {
  const result = await autocannon({ ...target, connections: 32, duration, workers: 1 })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${target.url}: ${result.non2xx} answers were no success`)
  return result.requests.average
}
