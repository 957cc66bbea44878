import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { sealEntries, verifyLog } from '#platform/audit'
import { placeTenant } from '#platform/tenancy'
import { tenantDatabase } from '#test/tenant-databases.ts'
import { joinAs, newPerson, signIn, testWorld } from '#test/world.ts'
import { verifyEverywhere } from '../operations/audit/verification-jobs.ts'
import { countLogOf, eraseAccountAtOnce, eraseLogOf } from './log-erasures.ts'

const world = await testWorld({ hasRouteLimits: false })
const elsewhere = await tenantDatabase(world)
const { admin, adminConfig, alice } = world
const directory = mkdtempSync(join(tmpdir(), 'commonhold-erased-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const app = {
  ...world.app,
  config: { ...world.app.config, dataDir: directory, auditCheckpointDir: join(directory, 'checkpoints') },
  administration: { admin: adminConfig, isEmbedded: true, dataDirectory: directory },
} as unknown as App
assert.ok(app.placements)
const { id: databaseId } = await app.placements.register(elsewhere.url)
await app.db.transaction({ system: true, tenantId: alice.tenantId }, tx => placeTenant(tx, alice.tenantId, databaseId))
app.placements.forget()

const placedAdmin = { ...adminConfig, database: elsewhere.name }

/** Entries of the log there in which the address stands, or that say from where he did it. */
async function tracesOf({ userId, email }: { userId: string; email: string }): Promise<number> {
  const { rows } = await elsewhere.admin.query(
    `select count(*)::integer as count
    from audit.audit_logs
    where concat(changes, details, user_name) ilike '%' || $2 || '%'
      or (user_id = $1 and num_nonnulls(user_name, ip_address, user_agent) > 0)`,
    [userId, email],
  )
  return rows[0].count
}

test('PE-07 MT-17 a person is erased from the log of a workspace’s own database too, which stays sound', async () => {
  const ada = await newPerson(world, { tenantName: 'Of Ada' })
  await joinAs(world, ada.userId, alice.tenantId, 'member')
  const here = await signIn(world.baseUrl, ada, alice.tenantId)
  const made = await here.fetch('/contractor-lists', { method: 'POST', body: { name: 'Far away', isPublic: true } })
  assert.equal(made.status, 201, await made.clone().text())
  // What somebody else wrote there about her.
  const about = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: `Ask ${ada.email}` } })
  assert.equal(about.status, 201, await about.clone().text())
  assert.ok((await tracesOf(ada)) >= 2, 'control: the log there tells of her')

  await eraseAccountAtOnce(app, ada.userId)
  const counted = await countLogOf(app, ada.userId)
  assert.equal(counted.databases, 2)
  const { parts: _, ...erased } = await eraseLogOf(app, ada.userId)
  assert.equal(erased.databases, 2)
  assert.ok(erased.entries >= counted.entries)
  assert.equal(await tracesOf(ada), 0)
  const { rows } = await elsewhere.admin.query(
    `select finished_at is not null as done from audit.erased_subjects where user_id = $1`,
    [ada.userId],
  )
  assert.deepEqual(rows, [{ done: true }])
  assert.equal((await admin.query('select from audit.erased_subjects where user_id = $1', [ada.userId])).rowCount, 1)
  assert.deepEqual((await verifyLog({ admin: placedAdmin })).findings, [], 'and every seal holds')
})

test('PE-07 MT-17 what was altered in the log of a workspace’s own database is found there, and the database is named', async () => {
  await app.placed?.within(databaseId, db => sealEntries(db))
  const sound = await verifyEverywhere(app, 'full')
  assert.deepEqual(
    sound.map(({ isSound }) => isSound),
    [true, true],
    'control',
  )
  await elsewhere.admin.query(`
    do $$
    declare part regclass;
    begin
      for part in select relid from pg_partition_tree('audit.audit_logs'::regclass) loop
        execute format('alter table %s disable trigger append_only', part);
      end loop;
    end
    $$`)
  await elsewhere.admin.query(
    `update audit.audit_logs set resource_id = 'another'
    where (tenant_id, created_at, id) in (select tenant_id, created_at, id from audit.audit_logs order by created_at, id limit 1)`,
  )
  const [main, placed] = await verifyEverywhere(app, 'full')
  assert.deepEqual([main?.database, main?.findings], [null, []])
  assert.match(placed?.database ?? '', new RegExp(elsewhere.name))
  assert.deepEqual(
    placed?.findings.map(({ kind }) => kind),
    ['altered'],
  )
})
