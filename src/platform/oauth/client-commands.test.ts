import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { registerClientCommands } from './client-commands.ts'
import { holdsSecret } from './client-secrets.ts'
import { type Client, findClient } from './clients.ts'
import { findShowing } from './issuer-clients.ts'

const { app, db, admin, alice, bob } = await testWorld()
const { slug } = (await admin.query('select slug from tenancy.tenants where id = $1', [alice.tenantId])).rows[0]

/** What `commonhold oauth clients …` writes. */
const clients = async (...words: string[]) =>
  (await runCommand(commandsOn(app, registerClientCommands), ['clients', ...words])).written

const inTenant = (tenantId: string) => db.scoped({ system: true, tenantId })

test('GG-13 commonhold oauth clients makes, lists, rotates and deletes those of a tenant', async () => {
  const redirect = ['--redirect-uri', 'https://reports.example/callback']
  const made = JSON.parse(await clients('create', 'Reports', '--tenant', slug, ...redirect, '--json'))
  assert.match(made.clientId, /^app_/)
  const tx = inTenant(alice.tenantId)
  const holds = async (secret: string) => holdsSecret(tx, (await findShowing(tx, made.clientId))?.secrets ?? [], secret)
  assert.ok(await holds(made.secret))
  const listed: Client[] = JSON.parse(await clients('list', '--tenant', slug, '--json'))
  assert.deepEqual(
    listed.map(({ clientId }) => clientId),
    [made.clientId],
  )
  assert.ok(!JSON.stringify(listed).includes(made.secret))
  const rotated = JSON.parse(await clients('rotate-secret', made.clientId, '--overlap-hours', '0', '--json'))
  assert.deepEqual([await holds(made.secret), await holds(rotated.secret)], [false, true])
  await assert.rejects(clients('rotate-secret', made.clientId, '--overlap-hours', '-1'), { kind: 'invalid' })
  const { rows } = await admin.query('select slug from tenancy.tenants where id = $1', [bob.tenantId])
  await assert.rejects(clients('delete', made.clientId, '--tenant', rows[0].slug), {
    code: 'oauth.client_not_found',
    kind: 'not_found',
  })
  assert.match(await clients('delete', made.clientId), /“Reports” is deleted/)
  assert.equal(await findClient(tx, made.clientId), undefined)
  await assert.rejects(clients('delete', made.clientId), { code: 'oauth.client_not_found' })
})

test('GG-13 commonhold oauth clients without a tenant makes what every tenant knows', async () => {
  const clientId = (await clients('create', 'Pocket', '--public', '--redirect-uri', 'http://127.0.0.1/')).trim()
  assert.match(clientId, /^platform_[A-Za-z0-9]{24}$/)
  for (const { tenantId } of [alice, bob])
    assert.equal((await findClient(inTenant(tenantId), clientId))?.name, 'Pocket')
  assert.equal(await clients('list', '--tenant', slug), '')
  assert.match(await clients('list'), /^platform_\w+ {2}Pocket \(public\) {2}openid profile email\n$/)
  await assert.rejects(clients('list', '--tenant', 'nowhere'), { code: 'oauth.tenant_unknown', kind: 'not_found' })
  await assert.rejects(clients('create', 'Odd', '--grant', 'password'), { code: 'oauth.grant_types_unfit' })
  await clients('delete', clientId)
})
