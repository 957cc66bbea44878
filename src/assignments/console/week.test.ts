import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normaliseAvailability, stretchesOf } from '../participants/availability.ts'
import { availabilityOf, describeWeek, emptyWeek, paint, presence, type Week, weekOf } from './week.ts'

const strokes = fc.array(
  fc.record({
    days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }),
    from: fc.integer({ min: 0, max: 1_439 }),
    length: fc.integer({ min: 1, max: 1_440 }),
    isThere: fc.boolean(),
  }),
  { maxLength: 12 },
)

test('VS-06 whatever is painted into a week, the server keeps and reads those minutes and no others', () => {
  fc.assert(
    fc.property(strokes, strokes => {
      let week: NonNullable<Week> = emptyWeek
      const minutes = emptyWeek.map(() => new Set<number>())
      for (const { days, from, length, isThere } of strokes) {
        const to = Math.min(1_440, from + length)
        week = paint(week, days, { from, to }, isThere)
        for (const day of days)
          for (let minute = from; minute < to; minute++)
            if (isThere) minutes[day]?.add(minute)
            else minutes[day]?.delete(minute)
      }
      const kept = normaliseAvailability(availabilityOf(week, { preferences: { morning: true } }))
      assert.deepEqual(kept.preferences, { morning: true })
      assert.deepEqual(weekOf(kept), week, 'it comes back as it was painted')
      const served = emptyWeek.map(() => new Set<number>())
      for (const { weekday, startsAt, endsAt } of stretchesOf(kept))
        for (let minute = startsAt; minute < endsAt; minute++) served[weekday - 1]?.add(minute)
      for (const [day, painted] of minutes.entries()) assert.deepEqual([...(served[day] ?? [])].length, painted.size)
      assert.ok(minutes.every((painted, day) => [...painted].every(minute => served[day]?.has(minute))))
    }),
    { numRuns: 60 },
  )
})

test('VS-06 always and never are said in words, and a week as one reads it', () => {
  assert.equal(describeWeek(weekOf({})), 'Always available')
  assert.equal(describeWeek(weekOf(availabilityOf(emptyWeek, {}))), 'Never available')
  const office = paint(emptyWeek, [0, 1, 2, 3, 4], { from: 540, to: 1_020 }, true)
  const week = paint(paint(office, [5], { from: 0, to: 1_440 }, true), [2], { from: 720, to: 765 }, false)
  assert.equal(
    describeWeek(week),
    'Mon–Tue 9:00–17:00, Wed 9:00–12:00 and 12:45–17:00, Thu–Fri 9:00–17:00, Sat all day',
  )
  assert.deepEqual(
    [
      presence(week, 2, { from: 720, to: 780 }),
      presence(week, 0, { from: 540, to: 600 }),
      presence(week, 6, { from: 0, to: 60 }),
    ],
    ['some', 'all', 'none'],
  )
})
