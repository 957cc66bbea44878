import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { runJobs } from '#test/jobs.ts'
import { mailsTo } from '#test/mails.ts'
import { testWorld } from '#test/world.ts'
import { createDomain, updateDomain } from '../domains/domains.ts'
import { createParticipant } from '../participants/participants.ts'
import { createAssignment, updateAssignment } from '../rounds/assignments.ts'
import { createTarget } from '../targets/targets.ts'
import { tellParticipants, tellRound } from './notices.ts'
import { periodInWords } from './sentences.ts'

const world = await testWorld()
const { db, admin, alice, bob, viewer, app } = world
const inTx = <T>(work: Parameters<typeof db.transaction<T>>[1]) => db.transaction(alice.scope, work)

const chores = await inTx(tx =>
  createDomain(tx, {
    name: 'chores',
    displayName: 'Chores of the house',
    configuration: { words: { target: { singular: 'chore', plural: 'chores' } } },
  }),
)
const vera = await inTx(tx => createParticipant(tx, chores.id, { name: 'Vera', userId: viewer.userId }))
const guest = await inTx(tx => createParticipant(tx, chores.id, { name: 'Gus', email: 'gus@test.example' }))
const typo = await inTx(tx => createParticipant(tx, chores.id, { name: 'Tilda', email: 'tilda at home' }))
const kitchen = await inTx(tx => createTarget(tx, chores.id, { name: 'Kitchen', maximumCount: 3 }))
const door = await inTx(tx =>
  createTarget(tx, chores.id, { name: 'Door', weekday: 'saturday', startsAt: '20:00', endsAt: '23:00' }),
)

const newRound = () =>
  inTx(tx => createAssignment(tx, chores.id, { assignmentDate: '2027-03-08', endsOn: '2027-03-21' }))
const put = (assignmentId: string, participantId: string, targetId: string) =>
  inTx(tx =>
    tx.run(sql`
      insert into assignments.assignment_details (assignment_id, participant_id, target_id)
      values (${assignmentId}, ${participantId}, ${targetId})
    `),
  )
const publish = (id: string) =>
  inTx(tx => tx.run(sql`update assignments.assignments set published_at = now() where id = ${id}`))
const tell = async (id: string) => {
  await inTx(tx => tellParticipants(tx, id))
  await admin.query(`update jobs.job set start_after = now() where name = $1`, [tellRound.name])
  await runJobs(world)
}
const toldOf = async (id: string) =>
  (
    await admin.query(
      `select kind, title, message, link, tenant_id, actor_id from notifications.notifications
       where user_id = $1 and data ->> 'assignmentId' = $2 order by created_at, id`,
      [viewer.userId, id],
    )
  ).rows

test('VS-08 who has an account is told what he is on when a round is published, then what has changed, and never twice', async () => {
  const { id } = await newRound()
  await put(id, vera.id, kitchen.id)
  await put(id, vera.id, door.id)
  await tell(id)
  assert.deepEqual(await toldOf(id), [], 'a draft is nobody’s business')
  await publish(id)
  await tell(id)
  await tell(id)
  assert.deepEqual(await toldOf(id), [
    {
      kind: 'assignments.assigned',
      title: 'Your chores 8 to 21 March 2027: Door and Kitchen',
      message: 'Door: Sat 13 March and Sat 20 March, 20:00 to 23:00',
      link: '/my-assignments',
      tenant_id: alice.tenantId,
      actor_id: alice.userId,
    },
  ])
  const mail = (await mailsTo(world, viewer.email)).at(-1)
  assert.match(mail?.subject ?? '', /Door and Kitchen/)
  assert.ok(mail?.unsubscribe)

  await inTx(tx => tx.run(sql`delete from assignments.assignment_details where target_id = ${door.id}`))
  await tell(id)
  await inTx(tx => updateAssignment(tx, id, { status: 'cancelled' }))
  await tell(id)
  await inTx(tx => updateAssignment(tx, id, { status: 'active' }))
  await tell(id)
  await inTx(tx => updateAssignment(tx, id, { endsOn: '2027-03-14' }))
  await tell(id)
  assert.deepEqual(
    (await toldOf(id)).slice(1).map(({ kind, title, message }) => [kind, title, message]),
    [
      ['assignments.changed', 'Changed: your chore 8 to 21 March 2027: Kitchen', 'No longer: Door'],
      ['assignments.changed', 'Cancelled: Kitchen, 8 to 21 March 2027', ''],
      ['assignments.assigned', 'Your chore 8 to 21 March 2027: Kitchen', ''],
      ['assignments.changed', 'Changed: your chore 8 to 14 March 2027: Kitchen', ''],
    ],
  )
})

test('VS-08 changes of a published round wait a minute, so that ten in a row are one notice; publishing does not wait', async () => {
  const { id } = await newRound()
  await put(id, vera.id, kitchen.id)
  await publish(id)
  const waits = async () => {
    await inTx(tx => tellParticipants(tx, id))
    const { rows } = await admin.query(
      `select extract(epoch from start_after - created_on)::integer as seconds from jobs.job
       where name = $1 and state = 'created' and data ->> 'assignmentId' = $2`,
      [tellRound.name, id],
    )
    return rows.map(each => each.seconds)
  }
  assert.deepEqual(await waits(), [0])
  await runJobs(world)
  await put(id, vera.id, door.id)
  assert.deepEqual(await waits(), [60])
  await runJobs(world)
  assert.equal((await toldOf(id)).length, 1)
})

test('VS-08 two workers with the same news tell once, and who was told of nothing is not told that it is over', async () => {
  const { id } = await newRound()
  await put(id, vera.id, kitchen.id)
  await publish(id)
  const work = { tenantId: alice.tenantId, assignmentId: id }
  const turn = `hashtext('assignments.told_participants'), hashtext('${id}')`
  await admin.query(`select pg_advisory_lock(${turn})`)
  const both = Promise.all([tellRound.run(work, app), tellRound.run(work, app)])
  try {
    for (let tries = 0, waiting = 0; waiting < 2; tries++) {
      assert.ok(tries < 200, 'both wait for their turn')
      await new Promise(resolve => setTimeout(resolve, 50))
      const { rows } = await admin.query(
        `select count(*)::integer as waiting from pg_locks where locktype = 'advisory' and not granted`,
      )
      waiting = rows[0].waiting
    }
  } finally {
    await admin.query(`select pg_advisory_unlock(${turn})`)
    await both
  }
  assert.equal((await toldOf(id)).length, 1)
  const empty = await newRound()
  await publish(empty.id)
  await inTx(tx => updateAssignment(tx, empty.id, { status: 'cancelled' }))
  await tell(empty.id)
  assert.deepEqual(await toldOf(empty.id), [])
})

test('VS-08 who has only an address is mailed where the domain says so, and a slip in one address stops nobody', async () => {
  const mails = () => mailsTo(world, 'gus@test.example')
  const silent = await newRound()
  await put(silent.id, guest.id, kitchen.id)
  await publish(silent.id)
  await tell(silent.id)
  assert.deepEqual(await mails(), [])

  const { configuration } = chores
  await inTx(tx =>
    updateDomain(tx, chores.id, { configuration: { ...configuration, notices: { mail_without_account: true } } }),
  )
  const { id } = await newRound()
  await put(id, typo.id, kitchen.id)
  await put(id, guest.id, kitchen.id)
  await put(id, vera.id, kitchen.id)
  await publish(id)
  await tell(id)
  const [mail, ...others] = await mails()
  assert.equal(others.length, 0)
  assert.equal(mail?.subject, 'Your chore 8 to 21 March 2027: Kitchen')
  assert.match(mail?.text ?? '', /To get no more of these mails/)
  assert.equal((await toldOf(id)).length, 1, 'the others were told')
})

test('VS-08 AG-01 in the scope of another tenant nobody is told anything of a round', async () => {
  const { id } = await newRound()
  await put(id, vera.id, kitchen.id)
  await publish(id)
  await tellRound.run({ tenantId: bob.tenantId, assignmentId: id }, app)
  assert.deepEqual(await toldOf(id), [])
  await tellRound.run({ tenantId: alice.tenantId, assignmentId: id }, app)
  assert.equal((await toldOf(id)).length, 1, 'control')
})

test('VS-08 periods are told in words', () => {
  assert.deepEqual(
    [
      periodInWords('2027-03-08', '2027-03-08'),
      periodInWords('2027-03-29', '2027-04-04'),
      periodInWords('2026-12-28', '2027-01-03'),
    ],
    ['8 March 2027', '29 March to 4 April 2027', '28 December 2026 to 3 January 2027'],
  )
})
