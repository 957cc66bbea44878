import assert from 'node:assert/strict'
import { afterEach, it } from 'node:test'
import { formatAgo, formatDay, formatTime, showTimesIn, startOfDay } from './dates.ts'

afterEach(() => showTimesIn(undefined))

it('an instant is shown in the zone of the account, a calendar date as it stands', () => {
  showTimesIn('America/Los_Angeles')
  assert.equal(formatTime('2026-11-21T02:05:00Z'), '20 Nov 2026, 18:05')
  assert.equal(formatDay('2026-11-21'), '21 Nov 2026')
  showTimesIn('Asia/Tokyo')
  assert.equal(formatTime('2026-11-21T18:05:00Z'), '22 Nov 2026, 03:05')
  assert.equal(formatDay('2026-11-21'), '21 Nov 2026')
})

it('a day begins at midnight of the zone of the account, also where the clocks change', () => {
  showTimesIn('America/New_York')
  assert.equal(startOfDay('2026-11-21'), '2026-11-21T05:00:00.000Z')
  assert.equal(startOfDay('2026-03-08'), '2026-03-08T05:00:00.000Z')
  assert.equal(startOfDay('2026-03-08', 1), '2026-03-09T04:00:00.000Z')
  assert.equal(startOfDay('2026-11-01', 1), '2026-11-02T05:00:00.000Z')
  showTimesIn('Asia/Kolkata')
  assert.equal(startOfDay('2026-11-21'), '2026-11-20T18:30:00.000Z')
  // The clocks are put forward at midnight: the day begins at one o'clock.
  showTimesIn('America/Santiago')
  assert.equal(startOfDay('2026-09-06'), '2026-09-06T04:00:00.000Z')
  assert.equal(startOfDay('2026-09-05', 1), '2026-09-06T04:00:00.000Z')
  showTimesIn('Europe/Berlin')
  assert.equal(startOfDay('2028-02-28', 1), '2028-02-28T23:00:00.000Z')
  assert.equal(startOfDay('2026-12-31', 1), '2026-12-31T23:00:00.000Z')
})

it('an unknown zone does not break the page', () => {
  showTimesIn('Nowhere/Land')
  assert.match(formatTime('2026-11-21T02:05:00Z'), /2026/)
})

it('how long ago something was is told in its largest unit', () => {
  const now = new Date('2026-11-21T12:00:00Z').getTime()
  const told = (instant: string) => formatAgo(instant, now)
  assert.equal(told('2026-11-21T11:59:31Z'), 'just now')
  assert.equal(told('2026-11-21T11:55:00Z'), '5 minutes ago')
  assert.equal(told('2026-11-21T09:00:00Z'), '3 hours ago')
  assert.equal(told('2026-11-20T12:00:00Z'), 'yesterday')
  assert.equal(told('2026-09-21T12:00:00Z'), '2 months ago')
  assert.equal(told('2026-11-24T12:00:00Z'), 'in 3 days')
})
