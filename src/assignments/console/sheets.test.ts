import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sheetsOf } from './sheets.ts'

const person = (name: string) => ({ detailId: name, participantId: name, name, isPinned: false })
const occurrence = (date: string | null, names: readonly string[], assignmentId = 'ours') => ({
  ...{ date, startsAt: date && '20:00', endsAt: date && '23:00', assignmentId, minimum: 2, maximum: 2 },
  people: names.map(person),
})
const target = (name: string, occurrences: ReturnType<typeof occurrence>[]) => ({
  ...{ id: name, name, description: null, priority: 3, mayBeShort: false, isActive: true, minimum: 2, maximum: 2 },
  occurrences,
})
const board = {
  timeZone: 'Europe/Berlin',
  days: [],
  rounds: [],
  targets: [
    target('Door', [
      occurrence('2027-03-13', ['Anna', 'Ben']),
      occurrence('2027-03-20', ['Anna']),
      occurrence('2027-03-19', ['Carla'], 'another'),
    ]),
    target('Kitchen', [occurrence(null, ['Ben'])]),
    target('Yard', []),
  ],
}

test('VS-08 a round of some weeks is a sheet for each, with what is on any day on all of them', () => {
  // From a Thursday to a Sunday: the first week has four days of it.
  const sheets = sheetsOf(board, 'ours', { from: '2027-03-11', to: '2027-03-21' })
  assert.deepEqual(
    sheets.map(({ monday, days, timetable, anyDay }) => [
      ...[monday, days, timetable.map(({ name }) => name), anyDay.map(({ name }) => name)],
    ]),
    [
      ['2027-03-08', ['2027-03-13'], ['Door'], ['Kitchen']],
      ['2027-03-15', ['2027-03-20'], ['Door'], ['Kitchen']],
    ],
  )
  const second = sheets[1]?.timetable[0]?.byDay.get('2027-03-20') ?? []
  assert.deepEqual(
    second.map(each => each.people.map(({ name }) => name)),
    [['Anna']],
  )
  assert.equal(sheets[1]?.timetable[0]?.byDay.size, 1, 'nobody of another round')
  assert.deepEqual(sheetsOf(board, 'a third', { from: '2027-03-11', to: '2027-03-21' }), [])
})
