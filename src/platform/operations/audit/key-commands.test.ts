import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { makeCheckpointNow, noTenant, recordEvent, type Signers, verifyLog } from '#platform/audit'
import { sql } from '#platform/database'
import { checkpointSigners, listKeyChanges, openDocumentSigner } from '#platform/identity'
import { commandsOn, runCommand } from '#test/commands.ts'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { testWorld } from '#test/world.ts'
import { acceptFork } from '../../audit/accepted-forks.ts'
import { CheckpointFolder } from '../../audit/checkpoint-folder.ts'
import { listCheckpointsAfter, makeCheckpoint } from '../../audit/checkpoints.ts'
import { SigningKeys } from '../../audit/key-changes.ts'
import { registerAuditCommands } from './audit-commands.ts'

const world = await testWorld()
const elsewhere = await tenantDatabase(world)
const { admin, adminConfig } = world
const { db } = world.app
const directory = mkdtempSync(join(tmpdir(), 'commonhold-keys-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const folder = join(directory, 'checkpoints')
const app = {
  ...world.app,
  config: { ...world.app.config, dataDir: directory, auditCheckpointDir: folder },
  administration: { admin: adminConfig, isEmbedded: true, dataDirectory: directory },
} as unknown as App
const { name: placedName } = await (app.placements as NonNullable<App['placements']>).register(elsewhere.url)
const logId = (await admin.query('select log_id from audit.sealing')).rows[0].log_id as string

const run = (...words: string[]) => runCommand(commandsOn(app, registerAuditCommands), words)
const read = async (...words: string[]) => {
  const { written, exitCode } = await run(...words, '--json')
  return { ...JSON.parse(written), exitCode }
}
const happen = () => recordEvent(db.scoped({}), { action: 'happened' })
const checkpoint = (signers: Signers = checkpointSigners(app), now = new Date()) =>
  makeCheckpointNow(db, { signers, folder, now })

await happen()
await checkpoint()
const before = await openDocumentSigner(app)
const stolen: Signers = { current: async () => before, find: async () => undefined }
const old = (await read('key')).thumbprint as string

test('PE-07 GG-17 another key signs from now on, which the one of before has named, in every log', async () => {
  const [entry] = await db
    .scoped({ tenantId: noTenant })
    .run(sql<{ id: string }>`select id from audit.audit_logs where action = 'happened'`)
  const proof = join(directory, 'proof.json')
  await run('prove', String(entry?.id), '--tenant', 'platform', '--output', proof)

  await assert.rejects(run('rotate-key'), /--reason/)
  const { from, to, databases, exitCode } = await read('rotate-key', '--reason', 'It may be known')
  assert.equal(exitCode, undefined)
  assert.equal(from, old)
  assert.deepEqual(databases, [
    { database: null, checkpoint: 2, failure: null },
    { database: placedName, checkpoint: 1, failure: null },
  ])
  const { thumbprint, before: kept } = await read('key')
  assert.equal(thumbprint, to)
  assert.deepEqual(
    kept.map(({ thumbprint }: { thumbprint: string }) => thumbprint),
    [old],
  )
  assert.match((await run('key', '--all')).written, /BEGIN PUBLIC KEY.*Thumbprint.*BEGIN PUBLIC KEY.*Until 20/s)

  const sound = await read('verify')
  assert.deepEqual([sound.counts, sound.newest.thumbprint, sound.outside], [{}, to, 2])
  for (const { isSound } of JSON.parse((await run('verify', '--everywhere', '--json')).written)) assert.ok(isSound)
  assert.deepEqual((await read('verify', '--thumbprint', to)).counts, {}, 'handed over by the one of before')
  assert.deepEqual((await read('verify', '--thumbprint', old)).counts, { key_replaced: 1 })

  assert.match((await run('check-proof', proof, '--thumbprint', old)).written, /The proof holds/)
  await run('prove', String(entry?.id), '--tenant', 'platform', '--output', proof)
  assert.match((await run('check-proof', proof, '--thumbprint', to)).written, /The proof holds/)
  await run('prove-consistency', '1', '2', '--tenant', 'platform', '--output', proof)
  assert.match((await run('check-proof', proof)).written, /are the beginning of/)

  const { rows } = await admin.query(`select details from audit.audit_logs where action = 'change_signing_key'`)
  assert.deepEqual([rows[0].details.from, rows[0].details.to, rows[0].details.reason], [old, to, 'It may be known'])
})

/** Undoes what is done to the database and outside. */
async function attacked(work: () => Promise<void>): Promise<void> {
  const kept = ['trees', 'checkpoints', 'checkpoint_trees', 'sealing', 'seals', 'nodes']
  for (const table of kept) await admin.query(`create table public.kept_${table} as table audit.${table}`)
  const copies = await new CheckpointFolder(folder, logId).read()
  try {
    await work()
  } finally {
    await admin.query(`truncate ${kept.map(table => `audit.${table}`).join(', ')}`)
    for (const table of kept)
      await admin.query(
        `insert into audit.${table} select * from public.kept_${table}; drop table public.kept_${table}`,
      )
    await copyOutside(copies)
  }
}

async function copyOutside(copies: Parameters<CheckpointFolder['append']>[0]): Promise<void> {
  rmSync(join(folder, logId), { recursive: true, force: true })
  await new CheckpointFolder(folder, logId).append(copies, new Date())
}

test('PE-07 GG-17 whoever has the key of before is found by what he signs with it', async () => {
  await attacked(async () => {
    await happen()
    await checkpoint(stolen)
    assert.deepEqual((await read('verify')).counts, { key_replaced: 1 }, 'after the new one')
  })
  const [change] = await listKeyChanges(app)
  const longBefore = new Date(Date.parse(String(change?.at)) - 60_000)
  for (const [what, at, found] of [
    ['later', new Date(Date.now() + 600_000), { key_replaced: 1, checkpoint_differs: 1 }],
    ['with a time of before', longBefore, { checkpoint_differs: 1 }],
  ] as const) {
    await attacked(async () => {
      await admin.query(`
        truncate audit.checkpoints, audit.checkpoint_trees;
        update audit.trees set checkpointed_size = 0`)
      await makeCheckpoint(db, stolen, at, undefined)
      await copyOutside(await listCheckpointsAfter(db.unscoped, 0, 10))
      const ownKeys = new Set([old])
      const { counts } = await verifyLog({ admin: adminConfig, folder, ownKeys })
      assert.deepEqual(counts, {}, 'control: by itself all of it fits together, the copy outside too')
      assert.deepEqual((await read('verify')).counts, found, what)
    })
  }
  await attacked(async () => {
    await admin.query(`
      truncate audit.checkpoints, audit.checkpoint_trees;
      insert into audit.checkpoints select * from public.kept_checkpoints where number > 1;
      insert into audit.checkpoint_trees select * from public.kept_checkpoint_trees where number > 1`)
    await copyOutside([])
    assert.ok((await read('verify')).counts.checkpoint_missing, 'one is gone that the new key knows')
  })
  await attacked(async () => {
    const head = { number: 1, hash: String(change?.logs[0]?.hash) }
    await admin.query(`
      truncate audit.checkpoints, audit.checkpoint_trees;
      update audit.trees set checkpointed_size = 0`)
    const forked = await makeCheckpoint(db, stolen, longBefore, head)
    assert.equal(forked?.forkOf?.number, 1, 'control')
    const said = { number: forked.number, by: 'nobody', reason: 'a restore', signer: before, now: longBefore }
    await acceptFork({ ...said, admin: adminConfig, folder: undefined })
    await copyOutside(await listCheckpointsAfter(db.unscoped, 0, 10))
    const { counts, knownForks } = await read('verify')
    assert.equal(knownForks.length, 1, 'control: by itself it is a restore that somebody knows of')
    assert.deepEqual(counts, { checkpoint_missing: 1 }, 'as if it had been restored to before')
    await admin.query('truncate audit.accepted_forks')
  })
  assert.deepEqual((await read('verify')).counts, {}, 'control: nothing is left of that')

  const keys = new SigningKeys([old, String(change?.to)], await listKeyChanges(app))
  assert.ok(keys.signs(old, longBefore))
  assert.ok(!keys.signs(old, new Date(Date.now() + 600_000)), 'acceptances, erasures and archives neither')
  assert.ok(keys.signs(String(change?.to), new Date()))
  assert.ok(!keys.signs('another', longBefore))
})

test('PE-07 what a key says of itself is believed of the key alone that signs it', async () => {
  const { rows } = await admin.query('select id, follows from identity.signing_keys where follows is not null')
  await admin.query(`update identity.signing_keys set follows = $1 where id <> $2 and algorithm = 'Ed25519'`, [
    rows[0].follows,
    rows[0].id,
  ])
  assert.equal((await listKeyChanges(app)).length, 1)
  const forged = before.sign({ from: 'x', to: old, at: new Date(0).toISOString(), logs: [] }, 'commonhold-something')
  await admin.query(`update identity.signing_keys set follows = $1 where id <> $2`, [forged, rows[0].id])
  assert.equal((await listKeyChanges(app)).length, 1, 'signed as something else')
  await admin.query(`update identity.signing_keys set follows = null where id <> $1`, [rows[0].id])
})

test('PE-07 GG-17 a log that is away is told, and handed over with its next checkpoint', async () => {
  const { placed } = app
  const within = async () => {
    throw new Error('it is away')
  }
  Object.assign(app, { placed: { ...placed, within } })
  const { written, exitCode } = await run('rotate-key', '--reason', 'Again')
  Object.assign(app, { placed })
  assert.equal(exitCode, 6)
  assert.match(written, /The main database: handed over with checkpoint 3\./)
  assert.ok(written.includes(`${placedName}: NOT handed over yet (it is away); its next checkpoint does it.`), written)
  const [database] = (await app.placements?.list()) ?? []
  await placed?.within(String(database?.id), async far => {
    await recordEvent(far.scoped({ system: true }), { action: 'happened' })
    await makeCheckpointNow(far, { signers: checkpointSigners(app), folder, now: new Date() })
  })
  const all = JSON.parse((await run('verify', '--everywhere', '--json')).written)
  assert.deepEqual(
    all.map(({ isSound, newest }: { isSound: boolean; newest: object }) => [isSound, 'thumbprint' in newest]),
    [
      [true, true],
      [true, true],
    ],
  )
  const { thumbprint, before: kept } = await read('key')
  assert.equal(kept.length, 2)
  for (const { newest } of all) assert.equal(newest.thumbprint, thumbprint)
})

test('PE-07 what is found at the command line is told with what to do, for people and for programs', async () => {
  const { rows } = await admin.query(`select relid::regclass::text as name from pg_partition_tree('audit.audit_logs')`)
  for (const { name } of rows) await admin.query(`alter table ${name} disable trigger append_only`)
  await admin.query(`update audit.audit_logs set request_id = 'none' where action = 'happened'`)
  const { written, exitCode } = await run('verify')
  assert.equal(exitCode, 3)
  assert.match(written, /NOT as it was written:\n {2}altered: Entry/)
  assert.match(
    written,
    /\nWhat to do:\n {2}altered: Somebody with the rights of the owner has written to the log\. Keep/,
  )
  assert.equal(written.split('Somebody with the rights').length, 2, 'once for all of a kind')
  const { findings } = await read('verify')
  assert.match(findings[0].advice, /^Somebody with the rights/)
  const [everywhere] = JSON.parse((await run('verify', '--everywhere', '--json')).written)
  assert.match(everywhere.findings[0].advice, /^Somebody with the rights/)
  await admin.query(`update audit.audit_logs set request_id = null where action = 'happened'`)
  assert.doesNotMatch((await run('verify')).written, /What to do/)
})
