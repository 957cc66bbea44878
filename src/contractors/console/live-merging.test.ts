import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { changesOf, conflictsOf, mergedOf } from './live-merging.ts'

test('GG-11 what two have written into one field stands together: each added line, each word that none took out', () => {
  assert.equal(mergedOf('Begun', 'Begun\nOne', 'Begun\nTwo'), 'Begun\nOne\nTwo')
  assert.equal(mergedOf('', 'One', 'Two'), 'One\nTwo')
  assert.equal(mergedOf('Begun', 'Begun, one', 'Begun, two'), 'Begun, one\nBegun, two', 'no line is torn apart')
  assert.equal(mergedOf('Begun', 'Begun\nSame', 'Begun\nSame'), 'Begun\nSame')
  assert.deepEqual(mergedOf(['a', 'b'], ['a', 'c'], ['a', 'b', 'd']), ['a', 'c', 'd'])
  assert.equal(mergedOf(1, 2, 3), undefined, 'of two ratings there is no both')
})

test('GG-11 no text of either is lost in what has both, and no word that one of them added', () => {
  const text = fc.string({ minLength: 1 }).map(each => `x${each.replaceAll('\n', ' ').trim()}`)
  fc.assert(
    fc.property(fc.string(), text, text, (before, one, other) => {
      const merged = String(mergedOf(before, one, other))
      assert.ok(merged.includes(one.startsWith(before) ? one.slice(before.length).trim() : one))
      assert.ok(merged.includes(other.startsWith(before) ? other.slice(before.length).trim() : other))
    }),
  )
  const words = fc.uniqueArray(fc.string(), { maxLength: 6 })
  fc.assert(
    fc.property(words, words, words, (before, one, other) => {
      const merged = new Set(mergedOf(before, one, other) as string[])
      for (const word of [...one, ...other]) if (!before.includes(word)) assert.ok(merged.has(word))
      for (const word of before) assert.equal(merged.has(word), one.includes(word) && other.includes(word))
    }),
  )
})

test('GG-11 two are at odds over a field only where both have changed it, and not to the same', () => {
  const before = { notes: 'Begun', tags: ['a'], rating: null, priority: 'low' }
  const theirs = { notes: 'Begun\nOne', tags: ['a', 'b'], rating: 3, priority: 'high' }
  const mine = { notes: 'Begun\nTwo', tags: ['a', 'b'], priority: 'critical' }
  assert.deepEqual(conflictsOf(before, theirs, mine, ['notes', 'tags']), [
    { name: 'notes', theirs: 'Begun\nOne', mine: 'Begun\nTwo', merged: 'Begun\nOne\nTwo' },
    { name: 'priority', theirs: 'high', mine: 'critical' },
  ])
  assert.deepEqual(conflictsOf(before, before, mine, []), [], 'nobody else has changed anything')
  assert.deepEqual(conflictsOf({}, {}, { 'field:a': null }, []), [], 'what is not there is empty')
  assert.deepEqual(changesOf(before, { ...before, ...mine }), mine)
})
