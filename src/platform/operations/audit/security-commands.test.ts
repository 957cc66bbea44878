import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { noTenant, recordEvent } from '#platform/audit'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { registerAuditCommands } from './audit-commands.ts'

const { app, db, alice, bob } = await testWorld({ placed: false })
const directory = mkdtempSync(join(tmpdir(), 'commonhold-security-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const run = (...words: string[]) => runCommand(commandsOn(app, registerAuditCommands), ['security-events', ...words])
const list = async (...words: string[]) =>
  JSON.parse((await run('--json', ...words)).written) as {
    items: { id: string; event: string; tenantId: string | null; tenantSlug: string | null }[]
    nextCursor: string | null
  }

await recordEvent(db.scoped(alice.scope), { action: 'passkey_counter_went_back', resource: 'identity.authenticators' })
await recordEvent(db.scoped(bob.scope), { action: 'step_up', details: { by: 'a \u001b[31mpassword' } })
await recordEvent(db.scoped({}), { action: 'sign_in_failed', details: { email: 'eve@example.org' } })

test('MT-22 security events of all workspaces and of none are listed by command, and by each filter', async () => {
  const all = await list()
  const tenants = new Set(all.items.map(({ tenantId }) => tenantId))
  for (const tenantId of [alice.tenantId, bob.tenantId, null]) assert.ok(tenants.has(tenantId), String(tenantId))
  const only = async (event: string, ...words: string[]) => {
    const { items } = await list(...words)
    assert.ok(items.length > 0 && items.length < all.items.length, words.join(' '))
    assert.ok(
      items.some(each => each.event === event),
      words.join(' '),
    )
    return items
  }
  await only('passkey_counter_went_back', '--severity', 'critical')
  await only('step_up', '--event', 'step_up')
  await only('step_up', '--user', bob.email)
  await only('sign_in_failed', '--q', 'eve@example.org')
  for (const { tenantId } of await only('step_up', '--tenant', bob.tenantId)) assert.equal(tenantId, bob.tenantId)
  for (const { tenantId } of await only('sign_in_failed', '--tenant', 'platform'))
    assert.ok(!tenantId || tenantId === noTenant)
  assert.deepEqual((await list('--to', '2020-01-01')).items, [])
  const first = await list('--limit', '1')
  const next = await list('--limit', '1', '--cursor', first.nextCursor ?? '')
  assert.deepEqual(
    [first.items[0]?.id, next.items[0]?.id],
    all.items.slice(0, 2).map(({ id }) => id),
  )

  const told = (await run('--event', 'step_up')).written
  assert.match(told, /Z {2}low {2}step_up {2}\S.* {2}/)
  assert.match(told, /\n {4}by: a \\u\{1b\}\[31mpassword\n/)
  await assert.rejects(run('--severity', 'grave'), /Allowed choices are low, medium, high, critical/)
  await assert.rejects(run('--tenant', 'nobody'), { code: 'audit.tenant_unknown' })
})

test('MT-22 security events go into a file by command, which is an event itself', async () => {
  const file = join(directory, 'events.jsonl')
  const { written } = await run('--tenant', bob.tenantId, '--output', file, '--format', 'jsonl', '--json')
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  assert.deepEqual(JSON.parse(written), { file, format: 'jsonl', entries: lines.length })
  assert.ok(lines.every(line => JSON.parse(line).tenantId === bob.tenantId))
  const [newest] = (await list('--tenant', bob.tenantId)).items
  assert.equal(newest?.event, 'audit.logs.exported')
})
