import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordLogin } from '#platform/identity'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { registerAuditCommands } from './audit-commands.ts'

const { app, db, admin, alice, bob } = await testWorld({ placed: false })
const run = (...words: string[]) => runCommand(commandsOn(app, registerAuditCommands), ['logins', ...words])
type Login = { id: string; userId: string; email: string; status: string; ipAddress: string | null; createdAt: string }
const list = async (...words: string[]) =>
  JSON.parse((await run('--json', ...words)).written) as { items: Login[]; nextCursor: string | null }

await admin.query('delete from identity.login_histories')
const attempt = (userId: string, ipAddress: string, failureReason?: string) =>
  db.transaction({ system: true, ipAddress, userAgent: 'Mozilla/5.0' }, tx =>
    recordLogin(app, tx, {
      userId,
      status: failureReason === undefined ? 'success' : 'failed',
      ...(failureReason === undefined ? { methods: ['password', 'totp'] } : { failureReason }),
    }),
  )
await attempt(alice.userId, '192.0.2.7')
await attempt(bob.userId, '192.0.2.8', 'wrong \u001b[31mpassword')
await attempt(bob.userId, '2001:db8::7')
await admin.query(`
  update identity.login_histories set created_at = created_at - interval '1 hour' where host(ip_address) = '192.0.2.7'`)

test('MT-09 sign-ins to all accounts are listed by command, newest first, and by each filter', async () => {
  const addressesOf = ({ items }: { items: readonly Login[] }) => items.map(({ ipAddress }) => ipAddress)
  const all = await list()
  assert.deepEqual(addressesOf(all), ['2001:db8::7', '192.0.2.8', '192.0.2.7'])
  assert.deepEqual(
    all.items.map(({ userId, email, status }) => [userId, email, status]),
    [
      [bob.userId, bob.email, 'success'],
      [bob.userId, bob.email, 'failed'],
      [alice.userId, alice.email, 'success'],
    ],
  )
  const halfAnHourAgo = new Date(Date.now() - 1_800_000).toISOString()
  for (const [words, found] of [
    [['--user', alice.email], ['192.0.2.7']],
    [
      ['--user', bob.userId],
      ['2001:db8::7', '192.0.2.8'],
    ],
    [['--status', 'failed'], ['192.0.2.8']],
    [['--ip', '192.0.2.7'], ['192.0.2.7']],
    [
      ['--ip', '192.0.2.0/24'],
      ['192.0.2.8', '192.0.2.7'],
    ],
    [['--ip', '2001:db8::/32', '--status', 'failed'], []],
    [
      ['--from', halfAnHourAgo],
      ['2001:db8::7', '192.0.2.8'],
    ],
    [['--to', halfAnHourAgo], ['192.0.2.7']],
  ] as const)
    assert.deepEqual(addressesOf(await list(...words)), found, words.join(' '))

  const first = await list('--limit', '2')
  assert.deepEqual(addressesOf(await list('--limit', '2', '--cursor', String(first.nextCursor))), ['192.0.2.7'])
  await assert.rejects(list('--status', 'failed', '--cursor', String(first.nextCursor)), 'of another list')
})

test('MT-09 a sign-in is one line for people, without what a browser could write to the terminal', async () => {
  const { written, errors } = await run('--user', bob.email)
  const lines = written.trimEnd().split('\n')
  assert.equal(lines.length, 2)
  assert.match(String(lines[0]), /Z {2}success {2}.* <.*@.*> {2}password and totp {2}2001:db8::7/)
  assert.match(String(lines[1]), /Z {2}failed: wrong \\u\{1b\}\[31mpassword {2}/)
  assert.ok(!written.includes('\u001b'))
  assert.equal(errors, '')
  assert.match((await run('--limit', '1')).errors, /^There are more: --cursor \S+\n$/)
  const none = await run('--to', '2020-01-01')
  assert.deepEqual([none.written, none.errors], ['', 'No sign-in fits.\n'])
  for (const wrong of ['here', '192.0.2.0/33', '192.0.2.0/24/8', '2001:db8::/x'])
    await assert.rejects(run('--ip', wrong), /It is an address such as/, wrong)
  await assert.rejects(run('--user', 'nobody@example.org'), { code: 'identity.subject_unknown' })
})
