import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Command } from 'commander'
import { Keyring } from '#platform/crypto'
import { registerKeyCommands } from './keys.ts'

async function keys(t: TestContext, ...words: string[]): Promise<string> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  registerKeyCommands(program, { now: () => new Date('2026-03-01T23:59:59Z') })
  const output: string[] = []
  const mock = t.mock.method(process.stdout, 'write', (text: string) => Boolean(output.push(text)))
  try {
    await program.parseAsync(['keys', ...words], { from: 'user' })
  } finally {
    mock.mock.restore()
  }
  return output.join('')
}

test('GG-17 keys create prints a value for COMMONHOLD_KEYS, another one each time', async t => {
  const first = (await keys(t, 'create')).trim()
  const second = (await keys(t, 'create', 'k2')).trim()
  assert.match(first, /^k20260301:/)
  assert.match(second, /^k2:/)
  const sealed = Keyring.parse(first).encrypt('secret', 'here')
  assert.equal(Keyring.parse(`${second},${first}`).decrypt(sealed, 'here'), 'secret')
  const { id, key } = JSON.parse(await keys(t, 'create', 'k2', '--json'))
  assert.equal(id, 'k2')
  assert.notEqual(key, second)
  Keyring.parse(key)
  await assert.rejects(keys(t, 'create', 'K:2'), /keys\.id_malformed|K:2 is not/)
})
