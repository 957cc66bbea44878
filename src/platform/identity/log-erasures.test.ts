import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '#platform/app.ts'
import { makeCheckpointNow, openErasedSubjectsFile, verifyLog } from '#platform/audit'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { joinAs, newPerson, type Person, signIn, testWorld } from '#test/world.ts'
import { changeDocumentKey, checkpointSigners, openDocumentSigner } from './document-signatures.ts'
import { countLogOf, eraseAccountAtOnce, eraseLogOf, eraseLogsOfErased, repeatErasures } from './log-erasures.ts'

const world = await testWorld()
const { admin, adminConfig, alice } = world
const directory = mkdtempSync(join(tmpdir(), 'commonhold-erased-'))
after(() => rmSync(directory, { recursive: true, force: true }))
const app = {
  ...world.app,
  log: { ...world.app.log, warn() {}, error() {}, info() {} },
  config: { ...world.app.config, dataDir: directory, auditCheckpointDir: join(directory, 'checkpoints') },
  administration: { admin: adminConfig, isEmbedded: true, dataDirectory: directory },
} as unknown as App

const refuses = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

/** Somebody who has worked in Alice's workspace. */
async function newColleague(): Promise<Person> {
  const person = await newPerson(world, { tenantName: `Of ${crypto.randomUUID()}` })
  await joinAs(world, person.userId, alice.tenantId, 'member')
  const here = await signIn(world.baseUrl, person, alice.tenantId)
  for (const name of ['One', 'Two']) {
    const made = await here.fetch('/contractor-lists', { method: 'POST', body: { name, isPublic: true } })
    assert.equal(made.status, 201)
  }
  return person
}

/** Entries of the log in which an address stands, or that say from where he did it. */
async function tracesOf({ userId, email }: Person): Promise<number> {
  const { rows } = await admin.query(
    `select count(*)::integer as count
     from audit.audit_logs
     where concat(changes, details, user_name) ilike '%' || $2 || '%'
       or (user_id = $1 and num_nonnulls(user_name, ip_address, user_agent) > 0)`,
    [userId, email],
  )
  return rows[0].count
}

const subjects = async (userId: string) =>
  (await admin.query('select finished_at is not null as done from audit.erased_subjects where user_id = $1', [userId]))
    .rows

test('PE-07 who has an account is not erased from the log, also not after it was deleted and can come back', async () => {
  const ada = await newColleague()
  await assert.rejects(eraseLogOf(app, ada.userId), refuses('identity.account_exists'))
  assert.ok((await tracesOf(ada)) > 3, 'control: nothing went')
})

test('GG-16 a legal hold on a workspace whose entries tell of a person keeps them, and is named', async () => {
  const ada = await newColleague()
  const { rows: holds } = await admin.query(
    `insert into operations.legal_holds (held_tenant_id, reason) values ($1, 'Case 7') returning id`,
    [alice.tenantId],
  )
  await assert.rejects(eraseAccountAtOnce(app, ada.userId), /Case 7/)
  await assert.rejects(countLogOf(app, ada.userId), refuses('identity.subject_held'))
  const release = () =>
    admin.query(`update operations.legal_holds set released_at = now(), release_reason = 'Over' where id = $1`, [
      holds[0].id,
    ])
  await release()
  await eraseAccountAtOnce(app, ada.userId)
  const { rows: again } = await admin.query(
    `insert into operations.legal_holds (held_tenant_id, reason) values ($1, 'Case 8') returning id`,
    [alice.tenantId],
  )
  const before = await tracesOf(ada)
  await assert.rejects(eraseLogOf(app, ada.userId), /Case 8/)
  assert.deepEqual(await eraseLogsOfErased(app), { erased: 0, failed: [ada.userId] })
  assert.equal(await tracesOf(ada), before)
  holds[0].id = again[0].id
  await release()
  assert.deepEqual(await eraseLogsOfErased(app), { erased: 1, failed: [] })
  assert.equal(await tracesOf(ada), 0)
})

test('PE-07 an erasure that was interrupted goes on, and finds the addresses again', async () => {
  const ada = await newColleague()
  // So that there are several portions.
  await admin.query(
    `insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, resource_id, details)
     select $1, $2, 'Ada', 'view', 'test.things', i::text, '{}' from generate_series(1, 1200) as i`,
    [alice.tenantId, ada.userId],
  )
  await admin.query(
    `insert into audit.audit_logs (tenant_id, user_id, user_name, action, resource, details) values ($1, $2, 'Al', 'note', 'test.things', $3)`,
    [alice.tenantId, alice.userId, { text: `about ${ada.email}` }],
  )
  await eraseAccountAtOnce(app, ada.userId)
  const counted = await countLogOf(app, ada.userId)
  assert.ok(counted.entries > 1200)
  const portions: number[] = []
  await assert.rejects(
    eraseLogOf(app, ada.userId, done => {
      portions.push(done)
      if (portions.length === 2) throw new Error('killed')
    }),
    /killed/,
  )
  assert.ok((await tracesOf(ada)) > 0, 'control: something is left')
  assert.deepEqual(await subjects(ada.userId), [{ done: false }])
  assert.deepEqual(await eraseLogsOfErased(app), { erased: 1, failed: [] })
  assert.equal(await tracesOf(ada), 0)
  assert.deepEqual(await subjects(ada.userId), [{ done: true }])
  const { findings } = await verifyLog({ admin: adminConfig })
  assert.deepEqual(findings, [])
  assert.equal((await eraseLogOf(app, ada.userId)).parts.person, 0)
})

test('PE-07 who was erased and comes back with a restored database is erased again, account and log', async () => {
  const ada = await newColleague()
  await eraseAccountAtOnce(app, ada.userId)
  await eraseLogOf(app, ada.userId)
  assert.equal(await repeatErasures(app), 0, 'control: there is nothing to do again')

  await restoreToBefore(ada)
  assert.ok((await tracesOf(ada)) > 0, 'control: the log has the address again')
  assert.equal(await repeatErasures(app), 1)
  assert.equal(await tracesOf(ada), 0)
  assert.equal(await accountsOf(ada), 0)
  assert.equal(await repeatErasures(app), 0)
})

/** As a restore to the time before his erasure leaves it. */
async function restoreToBefore({ userId, email }: Person): Promise<void> {
  await admin.query('delete from identity.erased_users where id = $1', [userId])
  await admin.query('delete from audit.erased_subjects where user_id = $1', [userId])
  await admin.query(`insert into identity.users (id, email, full_name) values ($1, $2, 'Ada')`, [userId, email])
}

const accountsOf = async ({ userId }: Person) =>
  (await admin.query('select from identity.users where id = $1', [userId])).rowCount

test('PE-07 GG-17 who was erased after the key changed is erased again also where a restore took the new key away', async () => {
  const ada = await newColleague()
  const before = await openDocumentSigner(app)
  const checkpoint = () =>
    makeCheckpointNow(app.db, {
      signers: checkpointSigners(app),
      folder: join(directory, 'checkpoints'),
      now: new Date(),
    })
  await checkpoint()
  await changeDocumentKey(app, { reason: 'It may be known', by: 'a test', logs: [] })
  await checkpoint()
  await eraseAccountAtOnce(app, ada.userId)
  await eraseLogOf(app, ada.userId)
  const { rows: key } = await admin.query(`select * from identity.signing_keys where follows is not null`)
  await admin.query('delete from identity.signing_keys where follows is not null')
  await admin.query('update identity.signing_keys set retired_at = null where id = $1', [before.keyId])
  await restoreToBefore(ada)
  assert.equal(await repeatErasures(app), 1)
  assert.equal(await accountsOf(ada), 0)

  // The new key is there again: what the one of before signs after it erases nobody.
  await admin.query('update identity.signing_keys set retired_at = now() where id = $1', [before.keyId])
  await admin.query(
    'insert into identity.signing_keys select * from json_populate_record(null::identity.signing_keys, $1)',
    [JSON.stringify(key[0])],
  )
  const living = await newColleague()
  const file = await openErasedSubjectsFile(app)
  await file?.append(living.userId, before, new Date(Date.now() + 600_000))
  assert.equal(await repeatErasures(app), 0)
  assert.equal(await accountsOf(living), 1)
})

test('PE-07 a line in the file of the erased that is not signed by this installation erases nobody', async () => {
  const ada = await newColleague()
  const { logId } = await app.db.unscoped.one(sql<{ logId: string }>`select log_id from audit.sealing`)
  const path = join(directory, 'checkpoints', logId, 'erased-subjects.jsonl')
  const [line = ''] = readFileSync(path, 'utf8').split('\n')
  const [header, payload, signature] = line.split('.') as [string, string, string]
  const forged = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), userId: ada.userId }
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, `${text}${header}.${Buffer.from(JSON.stringify(forged)).toString('base64url')}.${signature}\n`)
  assert.equal(await repeatErasures(app), 0)
  assert.equal((await admin.query('select from identity.users where id = $1', [ada.userId])).rowCount, 1)
})

test('PE-07 an address that somebody has now stays in the log when an account that had it is erased', async () => {
  const gone = await newColleague()
  const heir = await newColleague()
  await eraseAccountAtOnce(app, gone.userId)
  await admin.query('update identity.users set email = $2 where id = $1', [heir.userId, gone.email])
  const ofHeir = async () =>
    (
      await admin.query(
        `select changes #>> '{email,new}' as email from audit.audit_logs
         where resource = 'identity.users' and resource_id = $1 and action = 'update' and changes ? 'email'`,
        [heir.userId],
      )
    ).rows
  assert.deepEqual(await ofHeir(), [{ email: gone.email }], 'control')
  await eraseLogOf(app, gone.userId)
  assert.deepEqual(await ofHeir(), [{ email: gone.email }])
  const { rows: left } = await admin.query(
    'select from audit.audit_logs where user_id = $1 and num_nonnulls(user_name, ip_address, user_agent) > 0',
    [gone.userId],
  )
  assert.equal(left.length, 0, 'what he did himself is erased all the same')

  await eraseAccountAtOnce(app, heir.userId)
  await eraseLogOf(app, heir.userId)
  assert.equal(await tracesOf(heir), 0)
  assert.equal(await tracesOf(gone), 0, 'with the last who had it the address goes')
})

test('PE-07 who takes the address of an erased account as his name keeps where he came from', async () => {
  const gone = await newColleague()
  const living = await newColleague()
  const here = await signIn(world.baseUrl, living, alice.tenantId)
  await admin.query('update identity.users set full_name = $2 where id = $1', [living.userId, gone.email])
  const made = await here.fetch('/contractor-lists', { method: 'POST', body: { name: 'Three', isPublic: true } })
  assert.equal(made.status, 201)
  const named = async () =>
    (
      await admin.query(
        'select user_name, ip_address is not null as has_place from audit.audit_logs where user_id = $1 and user_name = $2 limit 1',
        [living.userId, gone.email],
      )
    ).rows
  assert.deepEqual(await named(), [{ user_name: gone.email, has_place: true }], 'control')
  await eraseAccountAtOnce(app, gone.userId)
  await eraseLogOf(app, gone.userId)
  assert.deepEqual(await named(), [{ user_name: gone.email, has_place: true }])
  assert.equal((await countLogOf(app, gone.userId)).entries, 0, 'nothing is left to do')
})

test('PE-07 in no scope the program may erase the log of somebody who has an account', async () => {
  const ada = await newColleague()
  for (const scope of [{}, { tenantId: alice.tenantId }, { userId: alice.userId }, { system: true }]) {
    const asked = world.app.db.transaction(scope, tx => tx.run(sql`select identity.begin_log_erasure(${ada.userId})`))
    await assert.rejects(asked, /still exists/)
  }
})

test('PE-07 an id whose log is erased is never that of an account, however the two meet', async () => {
  const begin = (id: string) => sql`select identity.begin_log_erasure(${id})`
  const makeAccount = (id: string) =>
    sql`insert into identity.users (id, email, full_name) values (${id}, ${`${id}@example.com`}, 'Ada')`
  const [before, control] = [crypto.randomUUID(), crypto.randomUUID()]
  const { db } = world.app
  await db.transaction({ system: true }, tx => tx.run(begin(before)))
  await assert.rejects(
    db.transaction({ system: true }, tx => tx.run(makeAccount(before))),
    /users_id_never_again|has been that of another/,
  )
  await db.transaction({ system: true }, tx => tx.run(makeAccount(control)))

  // Whoever asks while the account is being made waits for it.
  const meanwhile = crypto.randomUUID()
  const { promise: isMade, resolve: made } = Promise.withResolvers<void>()
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const making = db.transaction({ system: true }, async tx => {
    await tx.run(makeAccount(meanwhile))
    made()
    await mayEnd
  })
  await isMade
  const asked = assert.rejects(
    db.transaction({ system: true }, tx => tx.run(begin(meanwhile))),
    /still exists/,
  )
  const waits = `select from pg_stat_activity where wait_event = 'advisory' and query like '%begin_log_erasure%' and datname = current_database()`
  while ((await admin.query(waits)).rowCount === 0) await sleep(10)
  end()
  await making
  await asked
})
