import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Command } from 'commander'
import { testWorld } from '#test/world.ts'
import { registerAccessCommands } from './commands.ts'

const { app, admin, alice, bob, viewer } = await testWorld()
const { slug } = (await admin.query('select slug from tenancy.tenants where id = $1', [alice.tenantId])).rows[0]

/** Runs `commonhold access …` in this process; gives what it writes and the exit code that it asks for. */
async function access(t: TestContext, ...words: string[]): Promise<{ written: string; exitCode: unknown }> {
  const program = new Command('access').exitOverride().configureOutput({ writeErr: () => {} })
  registerAccessCommands(program, { withApp: work => work(app) })
  let written = ''
  const passOn = process.stdout.write.bind(process.stdout)
  const stdout = t.mock.method(process.stdout, 'write', (text: string | Uint8Array) => {
    // The runner reports on the tests before in bytes, on the same stream.
    if (typeof text !== 'string') return passOn(text)
    written += text
    return true
  })
  const before = process.exitCode
  try {
    await program.parseAsync(words, { from: 'user' })
    return { written, exitCode: process.exitCode }
  } finally {
    stdout.mock.restore()
    process.exitCode = before
  }
}

test('MT-20 commonhold access explain says yes with 0 and no with 3, with each step', async t => {
  const yes = await access(t, 'explain', viewer.email, slug, 'contractors.lists.read')
  assert.equal(yes.exitCode, undefined)
  assert.match(yes.written, /^Vera Viewer may, by the role viewer\.\n/)
  const no = await access(t, 'explain', viewer.email, slug, 'contractors.lists.write')
  assert.equal(no.exitCode, 3)
  assert.match(no.written, /^ {2}no {3}Vera Viewer has the role viewer, which does not permit it\./m)
  const stranger = await access(t, 'explain', bob.userId, alice.tenantId, 'contractors.lists.read', '--json')
  assert.equal(stranger.exitCode, 3)
  assert.deepEqual(
    JSON.parse(stranger.written).steps.map(({ step, isMet }: { step: string; isMet: boolean }) => [step, isMet]),
    [
      ['account', true],
      ['tenant', true],
      ['membership', false],
    ],
  )
})

test('MT-20 commonhold access explain and roles know no account, tenant or permission that is not there', async t => {
  const asked: [words: string[], code: string][] = [
    [['explain', 'nobody@example.com', slug, 'contractors.lists.read'], 'access.user_unknown'],
    [['explain', viewer.email, 'nowhere', 'contractors.lists.read'], 'access.tenant_unknown'],
    [['explain', viewer.email, slug, 'contractors.lists.fly'], 'access.permission_not_found'],
    [['roles', 'nowhere'], 'access.tenant_unknown'],
  ]
  for (const [words, code] of asked) await assert.rejects(access(t, ...words), { code, kind: 'not_found' })
})

test('VS-03 commonhold access roles lists what each role of a tenant permits', async t => {
  const { written } = await access(t, 'roles', slug)
  assert.match(written, /^owner \(built-in, members: 1\)$/m)
  assert.match(written, /^member \(built-in, default, members: 0\)$/m)
  const roles = JSON.parse((await access(t, 'roles', slug, '--json')).written)
  assert.deepEqual(
    roles.map(({ name }: { name: string }) => name),
    ['owner', 'admin', 'member', 'viewer'],
  )
})
