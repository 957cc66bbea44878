import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Board, BoardTarget } from './board.ts'
import { cellsOf } from './board-cells.ts'
import { daysBetween, nextPeriod, periodName } from './days.ts'

const days = daysBetween('2027-03-08', '2027-03-14')
const round = (id: string, startsOn: string, endsOn: string) =>
  ({ id, startsOn, endsOn }) as unknown as Board['rounds'][number]
const rounds = [round('one', '2027-03-01', '2027-03-10'), round('two', '2027-03-11', '2027-03-20')]
const on = (assignmentId: string, date: string | null) =>
  ({ assignmentId, date }) as unknown as BoardTarget['occurrences'][number]
const shapeOf = (occurrences: BoardTarget['occurrences'], inRounds = rounds) =>
  cellsOf({ occurrences } as unknown as BoardTarget, { days, rounds: inRounds }).map(
    ({ start, length, occurrences }) => [start, length, occurrences.map(({ assignmentId }) => assignmentId).join(' ')],
  )

test('VS-12 a row of the board has a cell for each day, and one across its round for what is on no certain day', () => {
  assert.deepEqual(
    shapeOf([on('two', '2027-03-12')]),
    days.map((_, index) => [index, 1, index === 4 ? 'two' : '']),
  )
  assert.deepEqual(shapeOf([on('one', null), on('two', null)]), [
    [0, 3, 'one'],
    [3, 4, 'two'],
  ])
  const overlapping = [round('one', '2027-03-08', '2027-03-11'), round('two', '2027-03-10', '2027-03-12')]
  assert.deepEqual(
    shapeOf([on('two', null), on('one', null)], overlapping),
    [
      [0, 5, 'one two'],
      [5, 1, ''],
      [6, 1, ''],
    ],
    'what would lie over each other shares a cell',
  )
  assert.deepEqual(shapeOf([on('gone', null)]), shapeOf([]), 'a round that is not shown has no cell')
})

test('VS-08 what is planned next begins when the latest round has ended, and not before next Monday', () => {
  const next = (assignmentDate: string, endsOn: string | null) => nextPeriod({ assignmentDate, endsOn }, '2027-03-15')
  assert.deepEqual(nextPeriod(null, '2027-03-15'), { from: '2027-03-15', to: '2027-03-21' })
  assert.deepEqual(next('2027-03-08', '2027-03-14'), { from: '2027-03-15', to: '2027-03-21' })
  assert.deepEqual(next('2027-03-15', '2027-03-28'), { from: '2027-03-29', to: '2027-04-11' })
  assert.deepEqual(next('2026-01-05', null), { from: '2027-03-15', to: '2027-03-15' }, 'long ago, a day at a time')
  assert.equal(periodName('2027-03-15', '2027-03-21'), 'Week of 15 March')
  assert.equal(periodName('2026-12-28', '2027-01-10'), '28 December 2026 to 10 January 2027')
})
