import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { accountsOf } from '#platform/accounts'
import { recordEvent } from '#platform/audit'
import { openDocumentSigner } from '#platform/identity'
import { commandsOn, runCommand } from '#test/commands.ts'
import { runJobs } from '#test/jobs.ts'
import { testWorld } from '#test/world.ts'
import { startSealingLog } from '../../../main/program.ts'
import { checkpointHash, checkpointType, readCheckpoint } from '../../audit/checkpoints.ts'
import { updateAlarms } from '../alarms/alarms.ts'
import { registerAuditCommands } from './audit-commands.ts'
import { verifyEverywhere } from './verification-jobs.ts'

const world = await testWorld({ placed: true })
const { app, admin, alice, bob, db } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
accountsOf(app).principals.forgetAll()

type Run = {
  state: string
  kind: string
  database: string | null
  requestedBy: string | null
  entries: number
  findings: { kind: string; text: string; advice: string; entryId?: string }[]
  counts: Record<string, number>
}
type State = {
  logs: { database: string | null; lagSeconds: number | null; checkpoint: { number: number; size: number } | null }[]
  runs: Run[]
  canVerify: boolean
}
const read = async () => (await (await alice.fetch('/operations/audit')).json()) as State
const begin = async (kind: string) =>
  await alice.fetch('/operations/audit/verifications', { method: 'POST', body: { kind } })

/** Until every log has all of its entries in a checkpoint. */
async function seal() {
  const sealing = startSealingLog({ ...app, config: { ...app.config, auditCheckpointSeconds: 0 } })
  try {
    for (;;) {
      const { logs } = await read()
      if (logs.length > 1 && logs.every(({ lagSeconds, checkpoint }) => lagSeconds === 0 && checkpoint)) return
    }
  } finally {
    await sealing.stop()
  }
}

test('PE-07 the page of the audit log is for operators, and tells of every database', async () => {
  assert.equal((await bob.fetch('/operations/audit')).status, 403)
  assert.equal(
    (await bob.fetch('/operations/audit/verifications', { method: 'POST', body: { kind: 'full' } })).status,
    403,
  )
  await recordEvent(app.placed?.scoped(bob.scope) ?? db.scoped(bob.scope), { action: 'sign_in' })
  await seal()
  const { logs, canVerify } = await read()
  assert.equal(canVerify, true)
  assert.equal(logs[0]?.database, null)
  assert.ok(logs.length > 1)
  assert.ok(logs.every(({ checkpoint }) => (checkpoint?.size ?? 0) > 0))
})

test('PE-07 MT-17 a verification that an operator begins covers tenants’ own databases too, and is listed with who asked', async () => {
  assert.equal((await begin('full')).status, 202)
  assert.deepEqual(await runJobs(world), ['operations.verify-audit-log-now'])
  const { runs, logs } = await read()
  assert.deepEqual(new Set(runs.map(({ database }) => database)), new Set(logs.map(({ database }) => database)))
  for (const { state, kind, requestedBy, entries, findings } of runs) {
    assert.deepEqual([state, kind, requestedBy, findings], ['sound', 'full', 'Alice Archer', []])
    assert.ok(entries > 0)
  }
  const all = runs.reduce((sum, { entries }) => sum + entries, 0)
  const verified = await verifyEverywhere(app, 'since_checkpoint')
  const since = verified.reduce((sum, { entries }) => sum + entries, 0)
  assert.ok(since < all, 'control: what was found sound is not computed again')
})

test('PE-07 MT-22 what is found is named with advice, is a critical event and an alarm', async () => {
  await admin.query(`
    do $$
    declare part regclass;
    begin
      for part in select relid from pg_partition_tree('audit.audit_logs'::regclass) loop
        execute format('alter table %s disable trigger append_only', part);
      end loop;
    end
    $$`)
  const { rows } = await admin.query(
    `update audit.audit_logs set details = '{"reason": "nothing"}'
     where (tenant_id, created_at, id) in (select tenant_id, created_at, id from audit.audit_logs order by created_at limit 1)
     returning id`,
  )
  await verifyEverywhere(app, 'full')
  const { runs } = await read()
  const unsound = runs.filter(({ state }) => state === 'unsound')
  assert.deepEqual([unsound.length, unsound[0]?.database], [1, null])
  const [finding] = unsound[0]?.findings ?? []
  assert.deepEqual([finding?.kind, finding?.entryId], ['altered', rows[0].id])
  assert.match(finding?.advice ?? '', /backup/)

  const events = await alice.fetch('/operations/security-events?severity=critical')
  const { items } = (await events.json()) as { items: { event: string; details: object }[] }
  assert.deepEqual([items[0]?.event, items[0]?.details], ['audit_log_unsound', { database: null, altered: 1 }])

  const { opened } = await updateAlarms(app)
  const codes = opened.filter(({ severity }) => severity === 'critical').map(({ code }) => code)
  assert.ok(codes.includes('audit.unsound') && codes.includes('security.critical_events'), codes.join())
})

test('PE-07 MT-17 a fork in a database that tenants have of their own is accepted there for good', async () => {
  const [place] = (await app.placements?.list()) ?? []
  assert.ok(place && app.placements)
  const there = new pg.Client(await app.placements.adminOf(place.id))
  await there.connect()
  const { rows } = await there.query('select number, signed from audit.checkpoints order by number desc limit 1')
  const last = readCheckpoint(rows[0].signed)
  assert.ok(last)
  const signer = await openDocumentSigner(app)
  const number = last.document.number + 1
  // As after a restore: what is known outside is another one than the last one here.
  const left = { number: last.document.number, hash: checkpointHash('another') }
  const forked = { ...last.document, number, previous: checkpointHash(rows[0].signed), forkOf: left }
  await there.query(
    `insert into audit.checkpoints (number, created_at, round, snapshot, signed)
    select $1, now(), round, snapshot, $2 from audit.checkpoints where number = $3`,
    [number, signer.sign(forked, checkpointType), last.document.number],
  )
  const kindsThere = async () => {
    const all = await verifyEverywhere(app, 'full')
    const found = all.find(({ database }) => database === place.name)
    return found?.findings.map(({ kind }) => kind)
  }
  assert.deepEqual(await kindsThere(), ['forked'])
  const accept = (...database: string[]) =>
    runCommand(commandsOn(app, registerAuditCommands), [
      'accept-fork',
      String(number),
      '--reason',
      'Restored',
      ...database,
    ])
  await assert.rejects(accept(), { code: 'audit.no_fork' })
  await assert.rejects(accept('--database', 'nowhere'), { code: 'tenancy.database_unknown' })
  await accept('--database', place.name)
  assert.deepEqual(await kindsThere(), [])
  const accepted = 'select number::integer from audit.accepted_forks'
  assert.deepEqual((await there.query(accepted)).rows, [{ number }])
  assert.deepEqual((await admin.query(accepted)).rows, [], 'control: not here')
  await there.end()
})
