import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { testDatabase } from '#test/database.ts'
import { createUser } from './users.ts'
import { removeWayIn } from './ways-in.ts'

const { db, admin } = await testDatabase()
const system = { system: true }

let people = 0
async function makePerson(external: number, { hasPassword = true } = {}): Promise<string> {
  const id = crypto.randomUUID()
  const email = `way${++people}@example.com`
  await db.transaction(system, async tx => {
    await createUser(tx, { id, email, fullName: 'Ada', passwordHash: '$argon2id$x' })
    for (let index = 0; index < external; index++) {
      await tx.run(sql`
        insert into identity.external_identities (user_id, issuer, subject)
        values (${id}, 'https://issuer.example', ${`${id} ${index}`})`)
    }
  })
  if (!hasPassword) await db.scoped(system).run(sql`delete from identity.passwords where user_id = ${id}`)
  return id
}

const removeOne = (userId: string, index: number) =>
  db.transaction(system, tx =>
    removeWayIn(tx, userId, () =>
      tx.run(sql`
        delete from identity.external_identities
        where user_id = ${userId}
          and subject = ${`${userId} ${index}`}
        returning id`),
    ),
  )
type WaysIn = { hasPassword: boolean; passkeys: number; externalIdentities: number }

const getWaysIn = (userId: string) =>
  db.scoped(system).one(sql<WaysIn>`
    select
      exists (select from identity.passwords where user_id = ${userId} and replaced_at is null) as has_password,
      (select count(*) from identity.authenticators where user_id = ${userId}) as passkeys,
      (select count(*) from identity.external_identities where user_id = ${userId}) as external_identities`)
const isLastWayIn = (error: unknown) => error instanceof DomainError && error.code === 'identity.last_way_in'
const violates = (error: unknown) => error instanceof pg.DatabaseError && error.constraint === 'users_keep_way_in'

test('MT-07 the last way in is not removed, any before it is', async () => {
  const userId = await makePerson(2, { hasPassword: false })
  assert.deepEqual(await getWaysIn(userId), {
    hasPassword: false,
    passkeys: 0,
    externalIdentities: 2,
  })
  assert.equal((await removeOne(userId, 0)).length, 1)
  await assert.rejects(removeOne(userId, 1), isLastWayIn)
  assert.equal((await getWaysIn(userId)).externalIdentities, 1)
})

test('MT-07 beside a password the only linked account may go, and beside it the password', async () => {
  assert.equal((await removeOne(await makePerson(1), 0)).length, 1)
  const userId = await makePerson(1)
  await db.scoped(system).run(sql`delete from identity.passwords where user_id = ${userId}`)
  assert.equal((await getWaysIn(userId)).hasPassword, false)
})

test('MT-06 a passkey alone is a way in: the linked account may go, then not the passkey', async () => {
  const userId = await makePerson(1)
  await db.scoped(system).run(sql`
    insert into identity.authenticators
      (user_id, user_handle, credential_id, credential_public_key, aaguid, device_type, is_backed_up)
    values (
      ${userId}, ${Buffer.alloc(32)}, ${Buffer.from(userId)}, ${Buffer.alloc(77)}, ${userId}, 'multi_device', true
    )`)
  await db.scoped(system).run(sql`delete from identity.passwords where user_id = ${userId}`)
  await removeOne(userId, 0)
  assert.deepEqual(await getWaysIn(userId), {
    hasPassword: false,
    passkeys: 1,
    externalIdentities: 0,
  })
  const removePasskey = sql`delete from identity.authenticators where user_id = ${userId}`
  await assert.rejects(
    db.transaction(system, tx => removeWayIn(tx, userId, () => tx.run(removePasskey))),
    isLastWayIn,
  )
})

test('MT-07 a password that stays behind is not a way in: the current one cannot go alone', async () => {
  const userId = await makePerson(0)
  const retire = sql`update identity.passwords set replaced_at = now() where user_id = ${userId} and replaced_at is null`
  await assert.rejects(db.scoped(system).run(retire), violates)
  await assert.rejects(db.scoped(system).run(sql`delete from identity.passwords where user_id = ${userId}`), violates)
  // The control: a new one in its place, in one transaction.
  await db.transaction(system, async tx => {
    await tx.run(retire)
    await tx.run(sql`insert into identity.passwords (user_id, password_hash) values (${userId}, '$argon2id$y')`)
  })
})

test('MT-07 of two removals at once one is refused, however they come', async () => {
  for (let round = 0; round < 10; round++) {
    const userId = await makePerson(2, { hasPassword: false })
    const outcomes = await Promise.allSettled([removeOne(userId, 0), removeOne(userId, 1)])
    assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.equal((await getWaysIn(userId)).externalIdentities, 1)
  }
})

test('MT-07 removals that do not lock first are caught by the database itself', async () => {
  const userId = await makePerson(2, { hasPassword: false })
  const removal = (index: number) => sql`
    delete from identity.external_identities where user_id = ${userId} and subject = ${`${userId} ${index}`}`
  const second = await db.transaction(system, async tx => {
    await tx.run(removal(0))
    const waiting = Promise.allSettled([db.scoped(system).run(removal(1))])
    await sleep(200)
    return () => waiting
  })
  const [outcome] = await second()
  assert.ok(outcome?.status === 'rejected' && violates(outcome.reason))
})

test('MT-02 a deleted user keeps nothing, and erasing a user takes all ways in along', async () => {
  const deleted = await makePerson(1, { hasPassword: false })
  await db
    .scoped(system)
    .run(sql`update identity.users set status = 'deleted', deleted_at = now() where id = ${deleted}`)
  assert.equal((await removeOne(deleted, 0)).length, 1)
  const erased = await makePerson(2)
  await admin.query('delete from identity.users where id = $1', [erased])
  const { rows } = await admin.query('select id from identity.external_identities where user_id = $1', [erased])
  assert.deepEqual(rows, [])
})

test('MT-07 a suspended user keeps a way in too: he may be let in again', async () => {
  const userId = await makePerson(1, { hasPassword: false })
  await db.scoped(system).run(sql`update identity.users set status = 'suspended' where id = ${userId}`)
  await assert.rejects(removeOne(userId, 0), isLastWayIn)
})
