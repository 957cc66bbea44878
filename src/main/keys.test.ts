import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Keyring } from '#platform/crypto'
import { runCommand } from '#test/commands.ts'
import { registerKeyCommands } from './keys.ts'

const now = () => new Date('2026-03-01T23:59:59Z')
const keys = async (...words: string[]) =>
  (await runCommand(program => registerKeyCommands(program, { now }), ['keys', ...words])).written

test('GG-17 keys create prints a value for COMMONHOLD_KEYS, another one each time', async () => {
  const first = (await keys('create')).trim()
  const second = (await keys('create', 'k2')).trim()
  assert.match(first, /^k20260301:/)
  assert.match(second, /^k2:/)
  const sealed = Keyring.parse(first).encrypt('secret', 'here')
  assert.equal(Keyring.parse(`${second},${first}`).decrypt(sealed, 'here'), 'secret')
  const { id, key } = JSON.parse(await keys('create', 'k2', '--json'))
  assert.equal(id, 'k2')
  assert.notEqual(key, second)
  Keyring.parse(key)
  await assert.rejects(keys('create', 'K:2'), /keys\.id_malformed|K:2 is not/)
})
