import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longestPause } from './crons.ts'

test('GG-23 a line of cron says how long its longest pause is', () => {
  const minute = 60
  const hour = 60 * minute
  const day = 24 * hour
  const pauses: Readonly<Record<string, number>> = {
    '* * * * *': minute,
    '*/5 * * * *': 5 * minute,
    '7 * * * *': hour,
    '0 2 * * *': day,
    '0 8,14,20 * * *': 12 * hour,
    '0 9-17/4 * * *': 16 * hour,
    '0 9 * * 1-5': 3 * day,
    '30 3 * * 0': 7 * day,
    '30 3 * * 7': 7 * day,
    '0 4 1 * *': 31 * day,
    '0 4 1 * 1': 7 * day,
    '0 0 1 1 *': 365 * day,
  }
  assert.deepEqual(Object.fromEntries(Object.keys(pauses).map(cron => [cron, longestPause(cron)])), pauses)
  assert.throws(() => longestPause('0 2 * * MON'), /MON is no field of cron/)
  assert.throws(() => longestPause('0 2 * *'))
})
