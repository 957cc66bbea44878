import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextDates, type ScheduleFields, sentenceOf } from './schedule-words.ts'
import { plainWords } from './words.ts'

const weekly: ScheduleFields = {
  ...{ name: 'x', every: 1, unit: 'week', periodDays: 7, startsOn: '2027-01-04', endsOn: null, leadDays: 1 },
  ...{ publishes: true, strategy: 'optimal', isActive: true },
}

test('VS-08 a schedule says in a sentence what will happen, and on which days', () => {
  assert.equal(
    sentenceOf(weekly, plainWords),
    'Every week from Mon, 4 Jan 2027 on, an assignment of 7 days is planned 1 day before it begins, and published at once: participants are told.',
  )
  const monthly: ScheduleFields = {
    ...{ ...weekly, every: 2, unit: 'month', periodDays: 1, startsOn: '2027-08-31', endsOn: '2028-03-01', leadDays: 0 },
    publishes: false,
  }
  const words = { ...plainWords, assignment: { singular: 'rota', plural: 'rotas' } }
  assert.equal(
    sentenceOf(monthly, words),
    'Every 2 months from Tue, 31 Aug 2027 on, a rota of one day is planned on the day on which it begins, and kept as a draft, until somebody looks at it and publishes it. The last one begins on Wed, 1 Mar 2028 at the latest.',
  )
  assert.deepEqual(nextDates(monthly, '2027-08-01', null, 5), ['2027-08-31', '2027-10-31', '2027-12-31', '2028-02-29'])
  // Of the week that has begun, the round is not over; what was made already is not made again.
  assert.deepEqual(nextDates(weekly, '2027-01-13', null, 2), ['2027-01-11', '2027-01-18'])
  assert.deepEqual(nextDates(weekly, '2027-01-13', '2027-01-11', 2), ['2027-01-18', '2027-01-25'])
})
