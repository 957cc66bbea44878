import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { parseSearch, safePath, writeSearch } from './addresses.ts'

const origin = 'https://commonhold.example'

it('after signing in one goes to a path of this console and nowhere else', () => {
  assert.equal(safePath('/lists/1?a=b#c', origin), '/lists/1?a=b#c')
  for (const wanted of [
    undefined,
    '',
    'lists',
    'https://elsewhere.example/',
    '//elsewhere.example/',
    '/\\elsewhere.example/',
    '/\t/elsewhere.example/',
    '/.//elsewhere.example/',
    'javascript:alert(1)',
  ])
    assert.equal(safePath(wanted, origin), '/', wanted)
})

it('no text leads to another site', () => {
  const piece = fc.constantFrom('/', '\\', '.', '..', 'a', ':', '@', '\t', '\n', '%2f', '?', '#', 'elsewhere.example')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const path = safePath(pieces.join(''), origin)
      assert.equal(new URL(path, origin).origin, origin)
    }),
    { numRuns: 5_000 },
  )
})

it('what is written into an address is read from it again', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ minLength: 1 }), fc.array(fc.string({ minLength: 1 }), { minLength: 1 })),
      search => {
        const read = parseSearch(writeSearch(search))
        for (const [name, values] of Object.entries(search)) assert.deepEqual([read[name]].flat(), values)
      },
    ),
  )
})
