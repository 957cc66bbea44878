import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DomainError } from '#platform/errors.ts'
import { Keyring } from './keyring.ts'

const hasCode = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

test('GG-17 any text comes back from encryption, in its own context only', () => {
  const keyring = Keyring.parse(Keyring.generate('k1'))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
      const sealed = keyring.encrypt(plain, context)
      assert.equal(keyring.decrypt(sealed, context), plain)
      assert.throws(() => keyring.decrypt(sealed, `${context}x`), hasCode('crypto.field_altered'))
    }),
  )
})

test('GG-17 keys rotate: the old key still opens, the new one seals', () => {
  const [old, fresh] = [Keyring.generate('k1'), Keyring.generate('k2')]
  const sealed = Keyring.parse(old).encrypt('secret', 'here')
  const rotated = Keyring.parse(`${fresh},${old}`)
  assert.equal(rotated.decrypt(sealed, 'here'), 'secret')
  assert.equal(rotated.isStale(sealed), true)
  assert.equal(rotated.isStale(rotated.encrypt('secret', 'here')), false)
  assert.throws(() => Keyring.parse(fresh).decrypt(sealed, 'here'), hasCode('crypto.key_unknown'))
})

test('GG-17 a flipped bit anywhere is noticed', () => {
  const keyring = Keyring.parse(Keyring.generate('k1'))
  const sealed = keyring.encrypt('a secret of some length', 'here')
  const start = sealed.lastIndexOf('.') + 1
  const bytes = Buffer.from(sealed.slice(start), 'base64url')
  for (let index = 0; index < bytes.length; index++) {
    const altered = Buffer.from(bytes)
    altered[index] = (altered[index] as number) ^ 1
    const text = sealed.slice(0, start) + altered.toString('base64url')
    assert.throws(() => keyring.decrypt(text, 'here'), hasCode('crypto.field_altered'))
  }
})

test('GG-17 a malformed list of keys is refused whole', () => {
  for (const text of ['', 'k1', 'k1:short', `${Keyring.generate('k1')},${Keyring.generate('k1')}`, 'K 1:AAAA']) {
    assert.throws(() => Keyring.parse(text), hasCode('crypto.keys_invalid'))
  }
})
