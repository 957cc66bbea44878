import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Person } from '#test/world.ts'
import { testWorld } from '#test/world.ts'
import { syncChecks } from './sync-checks.ts'

const world = await testWorld()
const { app, db, admin, alice, bob } = world

async function newProvider(of: Person, status = 'active'): Promise<string> {
  const id = randomUUID()
  await admin.query(
    `insert into federation.iam_providers
       (tenant_id, id, provider_name, provider_type, issuer, client_id, client_secret_encrypted, status)
     values ($1, $2, 'Acme' || $5::text, 'custom_oidc', $3, 'client', 'x', $4)`,
    [of.tenantId, id, `https://${id}.example`, status, id.slice(0, 8)],
  )
  return id
}
let minute = 0
async function ran(of: Person, providerId: string, ...statuses: ('succeeded' | 'partly' | 'failed')[]): Promise<void> {
  for (const status of statuses)
    await admin.query(
      `insert into federation.sync_runs (tenant_id, provider_id, cause, status, started_at, ended_at, failed, error)
       values ($1, $2, 'schedule', $3, now() - interval '1 day' + $4 * interval '1 minute', now(), $5, $6)`,
      [of.tenantId, providerId, status, ++minute, status === 'partly' ? 2 : 0, status === 'failed' ? 'It broke' : null],
    )
}
const find = async () => {
  const [check] = syncChecks
  const context = {
    app,
    tx: db.scoped({}),
    own: db.scoped({ system: true }),
    isAdministrator: false,
    database: undefined,
  }
  return [...((await check?.run(context)) ?? [])]
}

test('AG-05 GG-23 a provider whose syncs fail three times one after another is found, and no more once one went well', async () => {
  assert.equal(syncChecks[0]?.isAlarm, true)
  const [failing, other, off] = [await newProvider(alice), await newProvider(bob), await newProvider(bob, 'inactive')]
  await ran(bob, other, 'failed', 'failed', 'succeeded', 'failed', 'failed')
  await ran(bob, off, 'failed', 'failed', 'failed')
  await ran(alice, failing, 'succeeded', 'partly', 'failed')
  assert.deepEqual(await find(), [], 'twice may happen')
  await ran(alice, failing, 'partly')
  const [found, ...others] = await find()
  assert.deepEqual(others, [])
  assert.equal(found?.object, `meridian-capture ${failing}`)
  assert.equal(found?.severity, 'warning')
  assert.match(
    found?.message ?? '',
    /The last 3 syncs of Acme\w{8} of the workspace meridian-capture failed, 1 of them broke off/,
  )
  assert.match(found?.advice ?? '', new RegExp(`commonhold federation sync ${failing}`))
  await ran(alice, failing, 'succeeded')
  assert.deepEqual(await find(), [])
})
