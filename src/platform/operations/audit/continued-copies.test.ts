import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import type { App } from '#platform/app.ts'
import { findGuardFaults, makeCheckpointNow, recordEvent, sealEntries } from '#platform/audit'
import { Keyring } from '#platform/crypto'
import { sql, statementsOf } from '#platform/database'
import { checkpointSigners } from '#platform/identity'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testDatabase } from '#test/database.ts'
import { readCatalogOf } from '../../database/drift.ts'
import { registerAuditCommands } from './audit-commands.ts'

const { db, admin, owner, adminConfig } = await testDatabase()
const directory = mkdtempSync(join(tmpdir(), 'commonhold-copy-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const app = {
  db,
  keyring: Keyring.parse(Keyring.generate('k1')),
  clock: { now: () => new Date() },
  config: { dataDir: directory },
  administration: { admin: adminConfig, isEmbedded: true, dataDirectory: directory },
} as unknown as App
const run = (...words: string[]) => runCommand(commandsOn(app, registerAuditCommands), words)
const verify = async (...words: string[]) => JSON.parse((await run('verify', '--json', ...words)).written)
const happen = () => recordEvent(db.scoped({}), { action: 'happened' })
const folder = join(directory, 'checkpoints')
const checkpoint = () => makeCheckpointNow(db, { signers: checkpointSigners(app), folder, now: new Date() })
const faults = async () =>
  (await findGuardFaults(statementsOf(owner)))
    .map(({ object }) => object)
    .filter(object => /sealing|written/.test(object))

const shifted = (column: string) => `format(
  '%s:%s:%s',
  pg_snapshot_xmin(${column})::text::bigint + 1000000000,
  pg_snapshot_xmax(${column})::text::bigint + 1000000000,
  (select string_agg((id::text::bigint + 1000000000)::text, ',') from pg_snapshot_xip(${column}) as id)
)::pg_snapshot`

/** As a dump of a server that is far ahead brings everything along. */
async function comeFromAhead(): Promise<void> {
  const { rows } = await admin.query(`select relid::regclass::text as name from pg_partition_tree('audit.audit_logs')`)
  for (const { name } of rows) await admin.query(`alter table ${name} disable trigger append_only`)
  await admin.query(`
    update audit.audit_logs set written_in = written_in + 1000000000;
    update audit.sealing set sealed = ${shifted('sealed')};
    update audit.checkpoints set snapshot = ${shifted('snapshot')}`)
  for (const { name } of rows) await admin.query(`alter table ${name} enable always trigger append_only`)
}

await happen()
await checkpoint()
await happen()
await comeFromAhead()
// One that had its number before, and writes after.
const early = new pg.Client(adminConfig)
await early.connect()
await early.query('begin; set local role commonhold_owner; select txid_current()')

test('PE-07 of a dump that was read into another server nothing is sealed, until somebody says what it is', async () => {
  await happen()
  assert.equal(await sealEntries(db), 0)
  assert.deepEqual(await faults(), ['audit.sealing'])
  assert.ok((await verify()).counts.inserted, 'control: what was written here cannot be told from what was put in')
  await assert.rejects(run('continue-copy'), /--reason/)
  await assert.rejects(db.unscoped.run(sql`select audit.continue_copy()`), /permission denied/)
  const { written } = await run('continue-copy', '--reason', 'Moved to another machine')
  assert.match(
    written,
    /^A copy: this log goes on after checkpoint 1 .* as .* at the command line said at .*: Moved to/,
  )
  assert.deepEqual(await faults(), [])
  const copy = await verify()
  assert.deepEqual(copy.counts, {})
  assert.ok(copy.unsealed >= 3, 'one from before the dump, one from here, and that it was continued')
  assert.equal(await sealEntries(db), copy.unsealed)
  await checkpoint()
  const sound = await verify()
  assert.deepEqual([sound.counts, sound.unsealed, sound.newest.number], [{}, 0, 2])
  assert.equal(sound.continuedCopies[0].reason, 'Moved to another machine')
  assert.match((await run('verify')).written, /\nA copy: this log goes on after checkpoint 1 /)
  await assert.rejects(run('continue-copy', '--reason', 'Again'), { code: 'audit.no_copy' })
})

test('PE-07 what is written afterwards is sealed as ever, of one who had begun before too', async () => {
  await happen()
  assert.equal(await sealEntries(db), 1)
  await early.query(`select audit.record_event('late', null, null, null); commit`)
  await early.end()
  assert.equal(await sealEntries(db), 1)
  await happen()
  await checkpoint()
  assert.deepEqual((await verify()).counts, {})
  const since = await verify('--since-checkpoint', '1')
  assert.deepEqual(since.counts, {})
  assert.ok(since.entries > 0)
  const { rows } = await admin.query(`
    select count(*)::int as entries, (select sum(entries)::int from audit.seals) as sealed from audit.audit_logs`)
  assert.equal(rows[0].entries, rows[0].sealed)
  const column = (await readCatalogOf(adminConfig)).find(({ id }) => id === 'column audit.audit_logs.written_in')
  assert.match(column?.create ?? '', / default txid_current\(\)$/, 'no drift')
})

test('PE-07 an entry that a dump brought along unsealed, of a number that this server comes to later, waits too', async () => {
  const { rows } = await admin.query('select sealed::text, round::text from audit.sealing')
  await happen()
  const { rows: parts } = await admin.query(
    `select relid::regclass::text as name from pg_partition_tree('audit.audit_logs')`,
  )
  for (const { name } of parts) await admin.query(`alter table ${name} disable trigger append_only`)
  await admin.query(`
    update audit.audit_logs set written_in = written_in + 5000
    where written_in >= (select pg_snapshot_xmax(sealed)::text::bigint from audit.sealing)`)
  for (const { name } of parts) await admin.query(`alter table ${name} enable always trigger append_only`)
  assert.equal(await sealEntries(db), 0)
  assert.deepEqual(await faults(), ['audit.sealing'])
  assert.deepEqual((await admin.query('select sealed::text, round::text from audit.sealing')).rows, rows, 'control')
  await run('continue-copy', '--reason', 'Once more')
  await checkpoint()
  const { counts, unsealed, continuedCopies } = await verify()
  assert.deepEqual([counts, unsealed, continuedCopies.length], [{}, 0, 2])
  assert.deepEqual(await faults(), [])
})

test('PE-07 a log that goes on as a copy though nothing signed says so is found, and numbers that nobody wants', async () => {
  await admin.query('create table public.kept as table audit.continued_copies; truncate audit.continued_copies')
  const found = await verify()
  assert.deepEqual(found.counts, { forked: 1 })
  assert.match(found.findings[0].text, /no signed record says so/)
  assert.match(found.findings[0].advice, /audit continue-copy/)
  await admin.query(`insert into audit.continued_copies select continued_at, shift, 'x' from public.kept`)
  assert.deepEqual((await verify()).counts, { forked: 1 }, 'signed by nobody')
  await admin.query('truncate audit.continued_copies; insert into audit.continued_copies select * from public.kept')
  assert.deepEqual((await verify()).counts, {})
  assert.deepEqual(await faults(), [])
  await owner.query('alter table audit.audit_logs alter column written_in set default txid_current()')
  assert.ok((await faults()).includes('audit.audit_logs.written_in'))
})
