import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { believedNoLonger, joinAs, newPerson, signIn, testWorld } from '#test/world.ts'

const world = await testWorld({ placed: false, hasRouteLimits: false })
const { admin, alice, bob } = world
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

const lookUp = (user: string, by = alice) =>
  by.fetch(`/operations/audit/erasable-person?user=${encodeURIComponent(user)}`)
const erase = (userId: string, confirmation: string, by = alice) =>
  by.fetch('/operations/audit/erasures', { method: 'POST', body: { userId, confirmation } })
const list = async () =>
  (
    (await (await alice.fetch('/operations/audit/erasures')).json()) as {
      items: { userId: string; finishedAt: string }[]
    }
  ).items
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code
const tracesOf = async ({ userId, email }: { userId: string; email: string }) =>
  (
    await admin.query(
      `select count(*)::int as count from audit.audit_logs
       where strpos(concat(changes, details), $2) > 0 or (user_id = $1 and user_name is not null)`,
      [userId, email],
    )
  ).rows[0].count as number

const ada = await newPerson(world, { tenantName: 'Of Ada', fullName: 'Ada Lovelace' })
await joinAs(world, ada.userId, alice.tenantId, 'member')
const signedIn = await signIn(world.baseUrl, ada, alice.tenantId)
await signedIn.fetch('/contractor-lists', { method: 'POST', body: { name: 'Of Ada' } })

test('PE-07 nobody but an operator erases a person from the log, and only one whose account is deleted', async () => {
  for (const answer of [
    await bob.fetch('/operations/audit/erasures'),
    await lookUp(ada.email, bob),
    await erase(ada.userId, ada.email, bob),
  ])
    assert.equal(answer.status, 403)
  const exists = await lookUp(ada.email)
  assert.equal(exists.status, 409)
  assert.equal(await codeOf(exists), 'identity.account_exists')
  assert.equal(await codeOf(await erase(ada.userId, ada.email)), 'identity.account_exists')
  assert.equal((await lookUp('nobody@example.org')).status, 404)
  assert.equal((await erase(crypto.randomUUID(), 'x')).status, 404)
  const body = { status: 'deleted', reason: 'Asked for it' }
  assert.ok((await alice.fetch(`/users/${ada.userId}/status`, { method: 'POST', body })).ok)
  assert.equal((await lookUp(ada.email)).status, 200, 'control')
})

test('PE-07 GG-16 what is held, or not confirmed by typing, is not erased, nor promised to be', async () => {
  const body = { userId: ada.userId, reason: 'A matter' }
  const held = await alice.fetch('/operations/legal-holds', { method: 'POST', body })
  const { id: hold } = (await held.json()) as { id: string }
  assert.equal(await codeOf(await lookUp(ada.email)), 'identity.subject_held')
  assert.equal(await codeOf(await erase(ada.userId, ada.email)), 'identity.subject_held')
  await alice.fetch(`/operations/legal-holds/${hold}/release`, { method: 'POST', body: { reason: 'Over' } })
  for (const wrong of ['', 'Ada', bob.email, ada.userId]) {
    const refused = await erase(ada.userId, wrong)
    assert.equal(refused.status, 400, wrong)
    assert.equal(await codeOf(refused), 'operations.erasure_not_confirmed')
  }
  assert.ok(!(await runJobs(world)).includes('operations.erase-subject'))
  assert.ok((await tracesOf(ada)) > 0, 'control: the log tells of her')
  assert.deepEqual(await list(), [])
})

test('PE-07 MT-22 a person whom an operator erases is unreadable in the log, which says who did it', async () => {
  const found = (await (await lookUp(` ${ada.email} `)).json()) as { userId: string; entries: number; tenants: number }
  assert.equal(found.userId, ada.userId)
  assert.ok(found.entries > 2 && found.tenants >= 2, JSON.stringify(found))
  assert.equal((await erase(ada.userId, ada.email.toUpperCase())).status, 202)
  assert.ok((await runJobs(world)).includes('operations.erase-subject'))
  assert.equal(await tracesOf(ada), 0)
  const [erased] = await list()
  assert.equal(erased?.userId, ada.userId)
  assert.ok(erased?.finishedAt)
  const { rows } = await admin.query(
    `select l.user_id, s.severity
     from audit.audit_logs l
     join audit.security_audit_logs s on s.id = l.id
     where l.action = 'erase_subject' and l.resource_id = $1`,
    [ada.userId],
  )
  assert.deepEqual(rows, [{ user_id: alice.userId, severity: 'high' }])
  // What is left of her is her id.
  assert.equal((await lookUp(ada.email)).status, 404)
  const known = (await (await lookUp(ada.userId)).json()) as { email: null; status: string }
  assert.deepEqual([known.email, known.status], [null, 'erased'])
  assert.equal((await erase(ada.userId, ada.userId)).status, 202, 'once more does no harm')
  await runJobs(world)
  assert.equal((await list()).length, 1)
})
