import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandsOn, runCommand } from '#test/commands.ts'
import { testWorld } from '#test/world.ts'
import { registerAccessCommands } from './commands.ts'

const { app, admin, alice, bob, viewer } = await testWorld()
const { slug } = (await admin.query('select slug from tenancy.tenants where id = $1', [alice.tenantId])).rows[0]

const access = (...words: string[]) => runCommand(commandsOn(app, registerAccessCommands), words)

test('MT-20 commonhold access explain says yes with 0 and no with 3, with each step', async () => {
  const yes = await access('explain', viewer.email, slug, 'contractors.lists.read')
  assert.equal(yes.exitCode, undefined)
  assert.match(yes.written, /^Vera Viewer may, by the role viewer\.\n/)
  const no = await access('explain', viewer.email, slug, 'contractors.lists.write')
  assert.equal(no.exitCode, 3)
  assert.match(no.written, /^ {2}no {3}Vera Viewer has the role viewer, which does not permit it\./m)
  const stranger = await access('explain', bob.userId, alice.tenantId, 'contractors.lists.read', '--json')
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

test('MT-20 commonhold access explain and roles know no account, tenant or permission that is not there', async () => {
  const asked: [words: string[], code: string][] = [
    [['explain', 'nobody@example.com', slug, 'contractors.lists.read'], 'access.user_unknown'],
    [['explain', viewer.email, 'nowhere', 'contractors.lists.read'], 'access.tenant_unknown'],
    [['explain', viewer.email, slug, 'contractors.lists.fly'], 'access.permission_not_found'],
    [['roles', 'nowhere'], 'access.tenant_unknown'],
  ]
  for (const [words, code] of asked) await assert.rejects(access(...words), { code, kind: 'not_found' })
})

test('VS-03 commonhold access roles lists what each role of a tenant permits', async () => {
  const { written } = await access('roles', slug)
  assert.match(written, /^owner \(built-in, members: 1\)$/m)
  assert.match(written, /^member \(built-in, default, members: 0\)$/m)
  const roles = JSON.parse((await access('roles', slug, '--json')).written)
  assert.deepEqual(
    roles.map(({ name }: { name: string }) => name),
    ['owner', 'admin', 'member', 'viewer'],
  )
})
