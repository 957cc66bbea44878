import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { cursorOf, cutPage, readCursor } from './cursors.ts'
import { etagOf, isFresh, readEtags, requireMatch } from './etags.ts'
import { uuid } from './schemas.ts'

const shape = Type.Tuple([Type.String(), uuid])
const id = '5a2c9f0e-0000-4000-8000-000000000001'
const refused = { code: 'http.cursor_invalid' }

test('a cursor gives back the sort key that it was made of', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.uuid(), (name, key) => {
      fc.pre(!name.includes('\0'))
      assert.deepEqual(readCursor(cursorOf([name, key], 'lists by name'), 'lists by name', shape), [name, key])
    }),
  )
})

test('without a cursor there is nothing to read', () => {
  assert.equal(readCursor(undefined, 'lists by name', shape), undefined)
})

test('a cursor of another list or of other filters is refused', () => {
  assert.throws(() => readCursor(cursorOf(['A', id], 'lists by name q=a'), 'lists by name q=b', shape), refused)
})

test('a cursor with values of another shape is refused before they reach SQL', () => {
  for (const values of [['A'], ['A', 'no uuid'], [1, id], ['A', id, 'more'], [null, id], ['A\0', id], ['\ud800', id]]) {
    assert.throws(() => readCursor(cursorOf(values, 'f'), 'f', shape), refused, JSON.stringify(values))
  }
})

test('any garbage as a cursor is refused, never a bug', () => {
  fc.assert(fc.property(fc.string(), text => assert.throws(() => readCursor(text, 'f', shape), refused)))
  fc.assert(
    fc.property(fc.json(), json =>
      assert.throws(() => readCursor(Buffer.from(json).toString('base64url'), 'f', shape), refused),
    ),
  )
})

test('a page is cut from one row more than asked for', () => {
  const keyOf = (row: { id: string }) => [row.id]
  const rows = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
  assert.deepEqual(cutPage(rows, 2, 'f', keyOf), { items: rows.slice(0, 2), nextCursor: cursorOf(['b'], 'f') })
  assert.deepEqual(cutPage(rows, 3, 'f', keyOf), { items: rows, nextCursor: null })
  assert.deepEqual(cutPage([], 3, 'f', keyOf), { items: [], nextCursor: null })
})

test('an entity tag changes with any value of the resource and with nothing else', () => {
  const list = { id, name: 'Primes', updatedAt: new Date(0) }
  assert.equal(etagOf(list), etagOf({ ...list, updatedAt: new Date(0) }))
  assert.notEqual(etagOf(list), etagOf({ ...list, name: 'primes' }))
  assert.match(etagOf(list), /^"[\w-]{27}"$/)
})

test('If-Match lets pass the current tag, a list that holds it, and *; a weak tag never matches', () => {
  const list = { name: 'Primes' }
  const refusal = { code: 'http.changed_meanwhile', kind: 'precondition_failed' }
  for (const header of [undefined, '*', etagOf(list), `"other", ${etagOf(list)}`]) requireMatch(readEtags(header), list)
  for (const header of ['', '"other"', `W/${etagOf(list)}`, etagOf(list).slice(1, -1)]) {
    assert.throws(() => requireMatch(readEtags(header), list), refusal, header)
  }
})

test('If-None-Match compares weakly', () => {
  const tag = etagOf({})
  for (const header of ['*', tag, `W/${tag}`, `"x", W/${tag}`]) assert.ok(isFresh(header, tag))
  for (const header of ['', '"x"']) assert.ok(!isFresh(header, tag))
})
