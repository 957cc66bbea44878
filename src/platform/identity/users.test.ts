import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Scope, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { testDatabase } from '#test/database.ts'
import { normaliseEmail } from './emails.ts'
import { getProfile } from './profiles.ts'
import { openSession, revokeSession } from './sessions.ts'
import { createUser, findAccount } from './users.ts'

const { db, admin } = await testDatabase()
const system: Scope = { system: true, ipAddress: '2001:db8::7', userAgent: 'a browser' }

let counter = 0
async function newUser(): Promise<{ id: string; email: string; own: Scope }> {
  const id = crypto.randomUUID()
  const email = `user${++counter}@example.com`
  await db.transaction({ ...system, userId: id }, tx =>
    createUser(tx, { id, email, fullName: 'A User', passwordHash: '$argon2id$test' }),
  )
  return { id, email, own: { userId: id } }
}

test('GG-01 an address has one form, whatever case, width or spaces it came in', () => {
  assert.equal(normaliseEmail(' Ada.Lovelace@Example.COM '), 'ada.lovelace@example.com')
  assert.equal(normaliseEmail('ada＠example.com'), 'ada@example.com')
  for (const text of ['', 'ada', 'ada@', '@example.com', 'a@b@c', 'a b@c', 'a\u0000@c', 'a@c\r\nbcc: x', '"a"@c']) {
    assert.throws(
      () => normaliseEmail(text),
      error => error instanceof DomainError && error.code === 'identity.email_invalid',
      JSON.stringify(text),
    )
  }
})

test('PE-03 VS-01 a user has one profile with the documents’ defaults, and it goes with the user', async () => {
  const { id, own } = await newUser()
  const profile = await getProfile(db.scoped(own), id)
  assert.deepEqual({ timezone: profile.timezone, language: profile.language }, { timezone: 'UTC', language: 'en' })
  await assert.rejects(
    db.scoped(own).run(sql`insert into identity.user_profiles (user_id) values (${id})`),
    /user_profiles_one_per_user/,
  )
  const { rows } = await admin.query(
    'select email_preferences, preferences, metadata from identity.user_profiles where user_id = $1',
    [id],
  )
  assert.deepEqual(rows[0], {
    email_preferences: { marketing: true, updates: true, security: true, newsletter: false },
    preferences: {},
    metadata: {},
  })
  await admin.query('delete from identity.users where id = $1', [id])
  const gone = await admin.query('select from identity.user_profiles where user_id = $1', [id])
  assert.equal(gone.rowCount, 0)
})

test('PE-03 a user may begin with his own time zone, and not with one that does not exist', async () => {
  const make = (timezone: string) => {
    const id = crypto.randomUUID()
    const user = { id, email: `${id}@example.com`, fullName: 'Zoned', passwordHash: '$argon2id$test', timezone }
    return db.transaction({ ...system, userId: id }, async tx => {
      await createUser(tx, user)
      return await getProfile(tx, id)
    })
  }
  assert.equal((await make('Pacific/Auckland')).timezone, 'Pacific/Auckland')
  await assert.rejects(make('Mars/Olympus_Mons'), /no time zone Mars/)
})

test('VS-01 preferences and metadata are found by containment, with an index', async () => {
  const { id } = await newUser()
  await admin.query(`update identity.user_profiles set metadata = '{"team": "north"}' where user_id = $1`, [id])
  const { rows } = await admin.query(`select user_id from identity.user_profiles where metadata @> '{"team": "north"}'`)
  assert.deepEqual(rows, [{ user_id: id }])
  await admin.query('set enable_seqscan = off')
  const plan = await admin.query(`explain select from identity.user_profiles where metadata @> '{"team": "north"}'`)
  await admin.query('reset enable_seqscan')
  assert.match(JSON.stringify(plan.rows), /user_profiles_metadata_gin/)
})

test('MT-01 active is derived from status; a deleted account has its time; an unknown status is refused', async () => {
  const { id } = await newUser()
  const activeAfter = async (status: string) => {
    const { rows } = await admin.query(
      `update identity.users set status = $2, deleted_at = case when $2 = 'deleted' then now() end where id = $1
       returning is_active`,
      [id, status],
    )
    return rows[0].is_active
  }
  assert.equal(await activeAfter('suspended'), false)
  assert.equal(await activeAfter('inactive'), false)
  assert.equal(await activeAfter('active'), true)
  await assert.rejects(activeAfter('sleeping'), /users_status_known/)
  await assert.rejects(
    admin.query(`update identity.users set status = 'deleted' where id = $1`, [id]),
    /users_deleted_has_time/,
  )
  await assert.rejects(admin.query('update identity.users set is_active = true where id = $1', [id]), /is_active/)
})

test('AG-01 a user sees himself, not strangers; and nobody but the platform sees a password hash or a session token', async () => {
  const [one, other] = [await newUser(), await newUser()]
  const seen = await db.scoped(one.own).run(sql`select id from identity.users`)
  assert.deepEqual(seen, [{ id: one.id }])
  for (const table of [
    'passwords',
    'one_time_tokens',
    'two_factors',
    'backup_codes',
    'external_identities',
    'signing_keys',
  ]) {
    assert.deepEqual(await db.scoped(one.own).run(sql`select * from ${sql.table(`identity.${table}`)}`), [], table)
  }
  assert.ok((await findAccount(db.scoped(system), other.email))?.passwordHash, 'control: the platform finds it')
  assert.equal(await findAccount(db.scoped(one.own), other.email), undefined)
})

test('PE-04 a user holds several sessions; each keeps address, agent, expiry and revocation', async () => {
  const { id, own } = await newUser()
  const opened: { id: string }[] = []
  for (let device = 0; device < 3; device++) {
    opened.push(await db.transaction(system, tx => openSession(tx, { userId: id, tenantId: undefined })))
  }
  await db.transaction(system, tx => revokeSession(tx, opened[0]?.id as string, 'lost'))
  const rows = await db.scoped(own).run(sql<{ ipAddress: string; userAgent: string; isRevoked: boolean }>`
    select ip_address, user_agent, is_revoked from identity.user_sessions order by created_at`)
  assert.deepEqual(
    rows.map(row => row.isRevoked),
    [true, false, false],
  )
  assert.deepEqual({ ...rows[1] }, { ipAddress: '2001:db8::7', userAgent: 'a browser', isRevoked: false })
  const stranger = await newUser()
  assert.deepEqual(await db.scoped(stranger.own).run(sql`select id from identity.user_sessions`), [])
})
