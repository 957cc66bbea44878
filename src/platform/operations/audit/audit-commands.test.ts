import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { noTenant, recordEvent, sealEntries, startSealing } from '#platform/audit'
import { Keyring } from '#platform/crypto'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { openDocumentSigner } from '#platform/identity'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testDatabase } from '#test/database.ts'
import { registerAuditCommands } from './audit-commands.ts'

const { db, admin, adminConfig } = await testDatabase()
const directory = mkdtempSync(join(tmpdir(), 'commonhold-audit-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const app = {
  db,
  keyring: Keyring.parse(Keyring.generate('k1')),
  clock: { now: () => new Date() },
  log: { info() {}, warn: assert.ifError, error: assert.ifError },
  config: { dataDir: directory },
  administration: { admin: adminConfig, isEmbedded: true, dataDirectory: directory },
} as unknown as App

const run = (...words: string[]) => runCommand(commandsOn(app, registerAuditCommands), words)

await recordEvent(db.scoped({}), { action: 'begun' })
const sealing = startSealing({
  app,
  signers: { current: () => openDocumentSigner(app), find: async () => undefined },
  folder: join(directory, 'checkpoints'),
  checkpointSeconds: 0,
  every: 10,
})
const isDone = async () =>
  (
    await admin.query(
      `select exists (select from audit.trees) and not exists (select from audit.trees where size <> checkpointed_size) as done`,
    )
  ).rows[0].done
while (!(await isDone()) || (await sealEntries(db)) > 0) await new Promise(resolve => setTimeout(resolve, 10))
await sealing.stop()

test('PE-07 the log is verified by command, since a checkpoint too, and a fault is exit code 3', async () => {
  const sound = await run('verify')
  assert.match(sound.written, /The log is as it was written/)
  assert.equal(sound.exitCode, undefined)
  const since = JSON.parse((await run('verify', '--since-checkpoint', '--json')).written)
  assert.equal(since.entries, 0)
  assert.equal(since.isSound, true)
  await admin.query('alter table audit.audit_logs disable trigger append_only')
  await admin.query(`
    do $$ declare part regclass; begin
      for part in select inhrelid from pg_inherits where inhparent = 'audit.audit_logs'::regclass loop
        execute format('alter table %s disable trigger append_only', part);
      end loop;
    end $$`)
  await admin.query(`update audit.audit_logs set action = 'ended' where action = 'begun'`)
  const faulty = await run('verify')
  assert.match(faulty.written, /altered: Entry/)
  assert.equal(faulty.exitCode, 3)
  await admin.query(`update audit.audit_logs set action = 'begun' where action = 'ended'`)
  const { rows } = await admin.query('select is_sound from audit.verifications order by began_at')
  assert.deepEqual(
    rows.map(({ is_sound: isSound }) => isSound),
    [true, true, false],
  )
})

test('PE-07 a proof is written and checked by command, against the key that the installation names', async () => {
  const [entry] = await db
    .scoped({ tenantId: noTenant })
    .run(sql<{ id: string }>`select id from audit.audit_logs where action = 'begun'`)
  const file = join(directory, 'proof.json')
  await assert.rejects(run('prove', '123', '--tenant', 'platform'), { code: 'audit.entry_not_found' })
  await run('prove', String(entry?.id), '--tenant', 'platform', '--output', file)
  const key = JSON.parse((await run('key', '--json')).written)
  assert.match((await run('check-proof', file, '--thumbprint', key.thumbprint)).written, /The proof holds/)
  await assert.rejects(
    run('check-proof', file, '--thumbprint', 'another'),
    error => error instanceof DomainError && error.code === 'audit.proof_wrong',
  )
  writeFileSync(file, readFileSync(file, 'utf8').replace('begun', 'ended'))
  await assert.rejects(
    run('check-proof', file),
    error => error instanceof DomainError && error.code === 'audit.proof_wrong',
  )
  // What verification found is an entry itself, and nothing seals here.
  await sealEntries(db)
  const state = (await run('state')).written
  assert.match(state, /Every entry is sealed/)
  assert.match(state, /entries of 0 workspaces and of the installation/)
})
