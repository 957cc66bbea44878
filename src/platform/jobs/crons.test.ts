import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longestPause } from './crons.ts'
import { queueOptionsOf } from './queues.ts'

const minute = 60
const hour = 60 * minute
const day = 24 * hour

test('GG-23 a line of cron says how long its longest pause is', () => {
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

test('GG-23 of work that recurs the last time is known for longer than it may be away unnoticed', () => {
  const job = { name: 'a.job', description: 'It does', run: async () => {} }
  assert.equal(queueOptionsOf(job).deleteAfterSeconds, 7 * day, 'control')
  assert.equal(queueOptionsOf({ ...job, cron: '40 4 * * *' }).deleteAfterSeconds, 7 * day)
  assert.ok(queueOptionsOf({ ...job, cron: '30 3 * * 0' }).deleteAfterSeconds > 15 * day)
})
