import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Availability } from './calendar.ts'
import { AbleCandidates, type Candidate, type Place, reasonsAgainst } from './eligibility.ts'

const days = ['2027-03-08', '2027-03-09', '2027-03-10']
const skills = fc.dictionary(fc.constantFrom('cooking', 'baking', 'aid'), fc.option(fc.nat(3)), { maxKeys: 3 })
const times = fc.constantFrom<ConstructorParameters<typeof Availability>[0]>(
  {},
  { monday: { '0:00': 'available' } },
  { monday: { '0:00': 'available', '12:00': 'unavailable' }, tuesday: { '9:00': 'available' } },
)
const exceptions = fc.option(fc.record({ startsOn: fc.constantFrom(...days), isAvailable: fc.boolean() }))

/** Some have their skills and times in common, as those who are read together do. */
const people = fc
  .record({
    skills: fc.array(skills, { minLength: 1, maxLength: 3 }),
    times: fc.array(fc.tuple(times, exceptions), { minLength: 1, maxLength: 3 }),
    each: fc.array(
      fc.record({ skills: fc.nat(9), times: fc.nat(9), limit: fc.nat(2), excluded: fc.subarray(['t0', 't1']) }),
      { maxLength: 12 },
    ),
  })
  .map(({ skills, times, each }) => {
    const held = skills.map(levels => new Map(Object.entries(levels)))
    const weeks = times.map(
      ([week, other]) =>
        new Availability(week, other ? [{ ...other, endsOn: other.startsOn, startsAt: null, endsAt: null }] : []),
    )
    return each.map(
      (person, at): Candidate => ({
        ...{ id: `p${at}`, name: `p${at}`, limit: person.limit, excludedFrom: new Set(person.excluded) },
        skills: held[person.skills % held.length] as Candidate['skills'],
        availability: weeks[person.times % weeks.length] as Availability,
      }),
    )
  })

const place = fc
  .record({
    id: fc.constantFrom('t0', 't1', 't2'),
    requiredSkills: fc.subarray(['cooking', 'aid']),
    anySkills: fc.subarray(['cooking', 'baking']),
    skillLevels: fc.constantFrom<Record<string, number>>({}, { cooking: 2 }),
    days: fc.subarray(days),
    window: fc.constantFrom(
      { startsAt: null, endsAt: null },
      { startsAt: '10:00', endsAt: '11:00' },
      { startsAt: '22:00', endsAt: '02:00' },
    ),
  })
  .map(({ window, ...each }): Place => ({ ...each, ...window, name: each.id, weekday: null, onDate: null }))

test('VS-11 who can be on a target are those against whom nothing stands, in the order in which they were read', () => {
  let [able, unable] = [0, 0]
  fc.assert(
    fc.property(people, fc.array(place, { minLength: 1, maxLength: 4 }), (candidates, places) => {
      const found = new AbleCandidates(candidates, days)
      for (const one of places) {
        const expected = candidates.filter(candidate => reasonsAgainst(candidate, one, days).length === 0)
        assert.deepEqual(
          found.on(one).map(({ id }) => id),
          expected.map(({ id }) => id),
        )
        able += expected.length
        unable += candidates.length - expected.length
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(able > 100 && unable > 100, 'the control: there are both')
})
