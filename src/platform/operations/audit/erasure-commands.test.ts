import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { Keyring } from '#platform/crypto'
import { DomainError } from '#platform/errors.ts'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testDatabase } from '#test/database.ts'
import { writeArchive } from '../retention/archives.ts'
import { registerAuditCommands } from './audit-commands.ts'

const { db, admin, adminConfig } = await testDatabase()
const directory = mkdtempSync(join(tmpdir(), 'commonhold-erase-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const app = {
  db,
  modules: [],
  keyring: Keyring.parse(Keyring.generate('k1')),
  clock: { now: () => new Date() },
  log: { info() {}, warn() {}, error: assert.ifError },
  config: { dataDir: directory },
  administration: { admin: adminConfig, isEmbedded: true, dataDirectory: directory },
} as unknown as App

/** What a command prints. */
const run = async (...words: string[]) => (await runCommand(commandsOn(app, registerAuditCommands), words)).written

const refuses = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

const [userId, tenantId] = [randomUUID(), randomUUID()]
const email = 'ada@people.example'
await admin.query('insert into identity.users (id, email, full_name) values ($1, $2, $3)', [userId, email, 'Ada'])
const scope = { tenantId, userId, userName: 'Ada', ipAddress: '192.0.2.9', userAgent: 'Test' }
for (let index = 0; index < 3; index++) await recordEvent(db.scoped(scope), { action: 'view' })

const named = async () =>
  (
    await admin.query(`select from audit.audit_logs where user_name = 'Ada' or changes::text like '%' || $1 || '%'`, [
      email,
    ])
  ).rowCount

test('PE-07 a person is erased from the log by command: counted first, refused while she could come back, then for good', async () => {
  await assert.rejects(run('erase-subject', 'nobody@people.example', '--yes'), refuses('identity.subject_unknown'))
  await assert.rejects(run('erase-subject', email, '--at-once', '--yes'), refuses('identity.account_exists'))
  await admin.query(
    `update identity.users set status = 'deleted', deleted_at = now(), status_changed_at = now() where id = $1`,
    [userId],
  )
  await assert.rejects(run('erase-subject', email, '--yes'), refuses('identity.account_exists'))
  const counted = JSON.parse(await run('erase-subject', email, '--dry-run', '--json'))
  assert.deepEqual([counted.entries, counted.tenants, counted.isDryRun], [4, 2, true])
  assert.equal(await named(), 4, 'control: nothing went')

  const erased = JSON.parse(await run('erase-subject', email, '--at-once', '--yes', '--json'))
  // With the entry that tells of the removal of the account.
  assert.deepEqual([erased.userId, erased.entries, erased.tenants], [userId, 5, 2])
  assert.deepEqual(erased.parts, { person: 3, values: 2, content: 0 })
  assert.equal(await named(), 0)
  assert.equal((await admin.query('select from identity.users where id = $1', [userId])).rowCount, 0)
  assert.match(await run('erase-subject', userId, '--yes'), /^0 entries of 0 workspaces in 1 database have lost/)
  assert.equal(JSON.parse(await run('verify', '--json')).isSound, true)
})

test('PE-07 GG-16 the command names the archived months that still tell of somebody, and what can be done', async () => {
  const [gone, other] = [randomUUID(), randomUUID()]
  await admin.query(`insert into identity.users (id, email, full_name) values ($1, 'bea@people.example', 'Bea')`, [
    gone,
  ])
  const shelf = { folder: join(directory, 'archive'), keyring: app.keyring }
  const lines = [gone, other, other].map(id => ({ line: JSON.stringify({ user_id: id }), at: '2025-01-02T00:00:00Z' }))
  const about = { table: 'audit.audit_logs', database: null, columns: [], schemaVersion: null }
  const months = [lines, lines.slice(1)].map(async (rows, index) => {
    const month = { partition: `audit_logs_2025_0${index + 1}`, from: `2025-0${index + 1}-01T00:00:00Z`, to: '' }
    return await writeArchive(shelf, { ...about, ...month }, Readable.from([rows]), { now: new Date() })
  })
  const [first] = await Promise.all(months)
  const { archives, stays } = JSON.parse(await run('erase-subject', gone, '--dry-run', '--json'))
  assert.deepEqual(
    archives.map(({ archive, rows }: { archive: string; rows: number }) => [archive, rows]),
    [[first?.id, 1]],
  )
  assert.match(stays, /remove its two files/)
  assert.match(await run('erase-subject', gone, '--dry-run'), /1 row of audit\.audit_logs, 2025-01/)
})
