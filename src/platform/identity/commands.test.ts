import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommanderError } from 'commander'
import { DomainError } from '#platform/errors.ts'
import { commandsOn, runCommand } from '#test/commands.ts'
import { mailsTo } from '#test/mails.ts'
import { newPerson, testWorld } from '#test/world.ts'
import { registerUserCommands } from './commands.ts'

const world = await testWorld()
const { app, admin } = world

/** What `commonhold users …` writes. */
const users = async (...words: string[]) => (await runCommand(commandsOn(app, registerUserCommands), words)).written

const isCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code
const statusOf = async (id: string) =>
  (await admin.query('select status from identity.users where id = $1', [id])).rows[0].status

test('MT-01 the command line shows, suspends, reactivates, deletes and restores accounts', async () => {
  const ada = await newPerson(world)
  assert.match(await users('show', ada.email.toUpperCase()), new RegExp(`^id +${ada.userId}$`, 'm'))
  const shown = JSON.parse(await users('suspend', ada.email, '--reason', 'Spam', '--json'))
  assert.deepEqual([shown.status, shown.statusReason, shown.statusChangedBy], ['suspended', 'Spam', null])
  assert.equal((await ada.fetch('/me')).status, 401)
  assert.equal((await mailsTo(world, ada.email)).at(-1)?.subject, 'Your account is suspended')
  const steps: [string, string][] = [
    ['deactivate', 'inactive'],
    ['reactivate', 'active'],
    ['delete', 'deleted'],
    ['restore', 'active'],
  ]
  for (const [command, status] of steps) {
    assert.equal(await users(command, ada.email, '--reason', 'x'), `${ada.email} is ${status} now.\n`)
    assert.equal(await statusOf(ada.userId), status)
  }
  const { rows } = await admin.query(
    `select distinct user_id, user_name like '% at the command line' as is_told from audit.audit_logs
     where resource_id = $1 and action in ('suspend', 'deactivate', 'reactivate', 'delete', 'restore')`,
    [ada.userId],
  )
  assert.deepEqual(rows, [{ user_id: null, is_told: true }])
})

test('MT-01 the command line refuses what cannot be, and changes nothing', async () => {
  const ada = await newPerson(world)
  await assert.rejects(users('show', 'nobody@example.com'), isCode('identity.user_unknown'))
  await assert.rejects(users('reactivate', ada.email, '--reason', 'x'), isCode('identity.status_unchanged'))
  await assert.rejects(users('restore', ada.email, '--reason', 'x'), isCode('identity.status_unchanged'))
  await assert.rejects(users('suspend', ada.email, '--reason', '  '), isCode('identity.reason_invalid'))
  await assert.rejects(users('suspend', ada.email), CommanderError, 'without a reason')
  await assert.rejects(users('list', '--limit', 'all'), isCode('identity.limit_invalid'))
  await users('suspend', ada.email, '--reason', 'x')
  await assert.rejects(users('restore', ada.email, '--reason', 'x'), isCode('identity.status_refused'))
  await users('delete', ada.email, '--reason', 'x')
  await assert.rejects(users('reactivate', ada.email, '--reason', 'x'), isCode('identity.status_refused'))
  assert.equal(await statusOf(ada.userId), 'deleted')
})

test('the command line makes the first operator, keeps the last one, and lists who is there', async () => {
  const ada = await newPerson(world, { fullName: 'Ada Operator' })
  await users('make-operator', ada.email)
  assert.match(await users('list', '--search', 'ada operator'), /active +\S+ {2}Ada Operator {2}\(operator\)\n1 of 1/)
  await assert.rejects(users('remove-operator', ada.email), isCode('identity.last_operator'))
  await assert.rejects(users('delete', ada.email, '--reason', 'x'), isCode('identity.last_operator'))
  const { items, counts } = JSON.parse(await users('list', '--status', 'active', '--limit', '2', '--json'))
  assert.equal(items.length, 2)
  assert.ok(counts.active > 2)
})

test('MT-04 MT-05 the command line helps people in who lost a password or a factor', async () => {
  const ada = await newPerson(world)
  await users('reset-password', ada.email)
  assert.ok((await mailsTo(world, ada.email)).some(({ link }) => link?.includes('/reset-password#token=')))
  await users('reset-two-factor', ada.email, '--reason', 'Lost his phone')
  assert.ok((await mailsTo(world, ada.email)).some(({ subject }) => subject === 'Your second factor was removed'))
  await users('suspend', ada.email, '--reason', 'x')
  await assert.rejects(users('reset-password', ada.email), isCode('identity.account_not_active'))
})
