import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inOrderOfTheWeek } from './board-order.ts'

const on = (name: string, ...times: [string | null, string | null][]) => ({
  name,
  occurrences: times.map(([date, startsAt]) => ({ date, startsAt })),
})
const names = (targets: { name: string }[]) => targets.map(({ name }) => name)

test('VS-12 the rows of the board follow the week, after what is on no certain day', () => {
  const shifts = [
    on('Friday early', ['2026-11-06', '06:00'], ['2026-11-13', '06:00']),
    on('Room 10', [null, null]),
    on('Garden', [null, null]),
    on('Room 2', [null, null]),
    on('Monday late', ['2026-11-02', '14:00'], ['2026-11-09', '14:00']),
    on('Monday night', ['2026-11-02', '22:00']),
    on('Monday early', ['2026-11-02', '06:00'], ['2026-11-09', '06:00']),
    on('Sunday early', ['2026-11-01', '06:00'], ['2026-11-08', '06:00']),
  ]
  const week = [
    'Garden',
    'Room 2',
    'Room 10',
    'Monday early',
    'Monday late',
    'Monday night',
    'Friday early',
    'Sunday early',
  ]
  assert.deepEqual(names(inOrderOfTheWeek(shifts, { from: '2026-11-02', to: '2026-11-08' })), week)
  assert.deepEqual(
    names(inOrderOfTheWeek(shifts, { from: '2026-11-01', to: '2026-11-30' })),
    week,
    'a month from Sunday',
  )
})
