import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { hasUeiCheckDigit, placeholderUeis, ueiPattern } from './uei.ts'

const file = new URL('../../data/contractors/entities.csv.gz', import.meta.url)
const ueis = gunzipSync(readFileSync(file))
  .toString()
  .split('\n')
  .slice(1)
  .map(line => line.split(',')[0]!)
  .filter(uei => uei !== '')

test('GG-06 every real UEI has the pattern and its check digit', () => {
  assert.ok(ueis.length > 2600)
  for (const uei of [...ueis, ...placeholderUeis]) {
    assert.match(uei, ueiPattern)
    assert.ok(hasUeiCheckDigit(uei), uei)
  }
})

test('GG-06 the check digit finds most exchanged neighbours and single wrong characters', () => {
  const exchanged = ueis.slice(0, 500).map(uei => uei[1]! + uei[0] + uei.slice(2))
  const mistyped = ueis
    .slice(0, 500)
    .map(uei => (uei[3] === 'A' ? `${uei.slice(0, 3)}B` : `${uei.slice(0, 3)}A`) + uei.slice(4))
  for (const wrong of [exchanged, mistyped]) assert.ok(wrong.filter(hasUeiCheckDigit).length < 150)
})

test('GG-06 a UEI has 12 capitals or digits, without I and O', () => {
  for (const wrong of [
    '',
    'C12NSYAH27N',
    'C12NSYAH27N44',
    'c12nsyah27n4',
    'C12NSYAH27I4',
    'C12NSYAH27O4',
    'C12NSYAH27-4',
  ])
    assert.doesNotMatch(wrong, ueiPattern)
})
