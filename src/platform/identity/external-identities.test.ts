import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainError } from '#platform/errors.ts'
import { mailsTo } from '#test/mails.ts'
import { newPerson, testWorld } from '#test/world.ts'
import {
  findGoogleAccount,
  findUserByExternalIdentity,
  linkExternalIdentity,
  linkGoogle,
  listExternalIdentities,
  recordExternalSignIn,
  unlinkExternalIdentity,
} from './external-identities.ts'

const world = await testWorld()
const { app, db, admin, alice, bob } = world
const system = db.scoped({ system: true })
const issuer = 'https://accounts.google.com'

const refusal = (code: string) => (error: unknown) => error instanceof DomainError && error.code === `identity.${code}`
const answerOf = (subject: string, email: string | undefined, emailVerified = true) => ({
  issuer,
  subject,
  email,
  emailVerified,
  name: 'Somebody',
})
const inTransaction = <T>(work: (tx: typeof system) => Promise<T>) => db.transaction({ system: true }, work)

test('MT-07 a linked account is found by issuer and subject, whatever its address is by now', async () => {
  await linkExternalIdentity(system, { userId: alice.userId, issuer, subject: 'a', email: 'old@gmail.example' })
  for (const email of ['old@gmail.example', 'new@gmail.example', bob.email, undefined]) {
    const found = await findGoogleAccount(system, answerOf('a', email))
    assert.deepEqual(found, { kind: 'linked', userId: alice.userId })
  }
  assert.equal(await findUserByExternalIdentity(system, 'https://accounts.evil.example', 'a'), undefined)
  await recordExternalSignIn(system, answerOf('a', 'new@gmail.example'))
  const [known] = await listExternalIdentities(system, alice.userId)
  assert.equal(known?.email, 'new@gmail.example')
  assert.ok(known?.lastLoginAt)
  const { rows } = await admin.query('select email from identity.users where id = $1', [alice.userId])
  assert.equal(rows[0].email, alice.email)
  // The one whose address it was gets nothing by it.
  assert.deepEqual(await findGoogleAccount(system, answerOf('b', 'old@gmail.example')), {
    kind: 'newcomer',
    email: 'old@gmail.example',
    fullName: 'Somebody',
  })
})

test('MT-07 an address never finds an account: who has proved it is told to link, who has not learns nothing', async () => {
  assert.deepEqual(await findGoogleAccount(system, answerOf('c', bob.email)), { kind: 'email_taken' })
  assert.deepEqual(await findGoogleAccount(system, answerOf('c', bob.email, false)), { kind: 'unknown' })
  assert.deepEqual(await findGoogleAccount(system, answerOf('c', 'nobody@gmail.example', false)), { kind: 'unknown' })
  assert.deepEqual(await findGoogleAccount(system, answerOf('c', undefined, false)), { kind: 'unknown' })
  assert.deepEqual(await listExternalIdentities(system, bob.userId), [])
})

test('MT-07 an account at Google is linked to one user: again is fine, to another is refused', async () => {
  const linking = { issuer, subject: 'd', email: 'd@gmail.example' }
  const first = await linkExternalIdentity(system, { userId: alice.userId, ...linking })
  assert.equal(first.isNew, true)
  assert.deepEqual(await linkExternalIdentity(system, { userId: alice.userId, ...linking }), { ...first, isNew: false })
  await assert.rejects(
    linkExternalIdentity(system, { userId: bob.userId, ...linking }),
    refusal('external_identity_taken'),
  )
  assert.equal(await findUserByExternalIdentity(system, issuer, 'd'), alice.userId)
})

test('MT-07 of many who link one account at Google at once one gets it', async () => {
  const userIds = [alice.userId, bob.userId, alice.userId, bob.userId, alice.userId, bob.userId]
  const outcomes = await Promise.allSettled(
    userIds.map(userId => inTransaction(tx => linkGoogle(app, tx, userId, answerOf('e', 'e@gmail.example')))),
  )
  const owner = await findUserByExternalIdentity(system, issuer, 'e')
  outcomes.forEach(({ status }, index) => {
    assert.equal(status, userIds[index] === owner ? 'fulfilled' : 'rejected')
  })
})

test('MT-02 what a deleted user had linked may be linked by another', async () => {
  const gone = await newPerson(world)
  await linkExternalIdentity(system, { userId: gone.userId, issuer, subject: 'f', email: undefined })
  await admin.query(`update identity.users set status = 'deleted', deleted_at = now() where id = $1`, [gone.userId])
  assert.equal(await findUserByExternalIdentity(system, issuer, 'f'), undefined)
  const { isNew } = await linkExternalIdentity(system, { userId: bob.userId, issuer, subject: 'f', email: undefined })
  assert.equal(isNew, true)
  assert.equal(await findUserByExternalIdentity(system, issuer, 'f'), bob.userId)
})

test('MT-07 its owner gets a mail and the audit log an entry when an account is linked and unlinked', async () => {
  const { userId, email } = await newPerson(world)
  for (let time = 0; time < 2; time++) {
    await inTransaction(tx => linkGoogle(app, tx, userId, answerOf('g', 'g@gmail.example')))
  }
  const [linked] = await listExternalIdentities(system, userId)
  await inTransaction(tx => unlinkExternalIdentity(app, tx, userId, linked?.id ?? ''))
  const mails = (await mailsTo(world, email)).filter(({ name }) => name.startsWith('identity.sign_in_'))
  assert.deepEqual(
    mails.map(({ subject }) => subject),
    ['A Google account was linked to your account', 'A Google account was unlinked from your account'],
  )
  assert.match(mails[0]?.text ?? '', /g@gmail\.example/)
  assert.equal(mails[0]?.link, `${app.publicUrl}/account/security`)
  const { rows } = await admin.query(
    `select action from audit.audit_logs where resource_id = $1 and action like '%link%' order by created_at`,
    [linked?.id],
  )
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['link_google', 'unlink_google'],
  )
})

test('MT-07 nobody sees or unlinks what another has linked', async () => {
  const { id } = await linkExternalIdentity(system, { userId: bob.userId, issuer, subject: 'h', email: undefined })
  const list = async (person: typeof alice) => (await (await person.fetch('/me/external-identities')).json()).items
  assert.ok((await list(bob)).some((item: { id: string }) => item.id === id))
  assert.ok(!(await list(alice)).some((item: { id: string }) => item.id === id))
  const refused = await alice.fetch(`/me/external-identities/${id}`, { method: 'DELETE' })
  assert.equal(refused.status, 404)
  assert.equal((await refused.json()).code, 'identity.external_identity_not_found')
  assert.equal((await bob.fetch(`/me/external-identities/${id}`, { method: 'DELETE' })).status, 204)
  assert.equal(await findUserByExternalIdentity(system, issuer, 'h'), undefined)
})

test('MT-07 the last way in is not unlinked, and unlinking needs a fresh sign-in', async () => {
  const person = await newPerson(world)
  const { id } = await linkExternalIdentity(system, { userId: person.userId, issuer, subject: 'i', email: undefined })
  const unlink = () => person.fetch(`/me/external-identities/${id}`, { method: 'DELETE' })
  await admin.query('delete from identity.passwords where user_id = $1', [person.userId])
  const refused = await unlink()
  assert.equal(refused.status, 409)
  assert.equal((await refused.json()).code, 'identity.last_way_in')
  const stale = `update identity.user_sessions set authenticated_at = now() - interval '11 minutes' where user_id = $1`
  const tired = await newPerson(world)
  await admin.query(stale, [tired.userId])
  for (const [path, method, body] of [
    [`/me/external-identities/${id}`, 'DELETE', undefined],
    ['/me/external-identities/google', 'POST', {}],
  ] as const) {
    const answer = await tired.fetch(path, { method, body })
    assert.equal(answer.status, 403, path)
    assert.equal((await answer.json()).code, 'http.step_up_required')
  }
})

test('MT-07 where Google is not set up there is nothing to link, and what is linked is shown', async () => {
  const answer = await (await alice.fetch('/me/external-identities')).json()
  assert.deepEqual(answer.google, { isConfigured: false })
  assert.ok(answer.items.length > 0)
  assert.ok(!('subject' in answer.items[0]))
  const begun = await alice.fetch('/me/external-identities/google', { method: 'POST', body: {} })
  assert.equal(begun.status, 404)
  assert.equal((await begun.json()).code, 'identity.google_not_configured')
})
