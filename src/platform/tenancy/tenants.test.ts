import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { slugOf } from './tenants.ts'

test('GG-03 a slug is a DNS label whatever the name', () => {
  assert.equal(slugOf('Łódź & Sons, Inc.'), 'lodz-sons-inc')
  assert.equal(slugOf('  Meridian   Capture '), 'meridian-capture')
  assert.notEqual(slugOf('api'), 'api')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      assert.match(slugOf(name), /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
    }),
  )
})
