import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf, merge } from './merging.ts'

const base = { name: 'Anna', skills: ['cooking'], maxAssignments: 2 }

test('VS-06 what only one of two people has changed is kept, what both have is disputed', () => {
  const theirs = { name: 'Anna Berg', skills: ['cooking'], maxAssignments: 3 }
  const mine = { name: 'Anna', skills: ['cooking', 'sewing'], maxAssignments: 4 }
  assert.deepEqual(merge(base, theirs, mine), {
    values: { name: 'Anna Berg', skills: ['cooking', 'sewing'], maxAssignments: 4 },
    disputed: [{ name: 'maxAssignments', theirs: 3, mine: 4 }],
  })
})

test('VS-06 two who have changed a field to the same do not dispute it', () => {
  const same = { ...base, skills: ['sewing'] }
  assert.deepEqual(merge(base, same, { ...same }), { values: same, disputed: [] })
  assert.deepEqual(changesOf(base, same), { skills: ['sewing'] })
})
