import fc from 'fast-check'
import { anyProblem } from './plans.test.problems.ts'
import type { Problem } from './problem.ts'

/** Small rounds with side constraints of every kind. */
export function anySideProblem(): fc.Arbitrary<Problem> {
  const time = fc.option(
    fc.record({
      ...{ startsAt: fc.nat(6), length: fc.integer({ min: 1, max: 4 }) },
      later: fc.option(fc.record({ after: fc.integer({ min: 3, max: 9 }), length: fc.integer({ min: 1, max: 3 }) })),
    }),
    { freq: 5 },
  )
  const limits = fc.option(fc.record({ first: fc.nat(8), second: fc.nat(6) }), { nil: undefined })
  return fc
    .record({
      problem: anyProblem(),
      times: fc.array(time, { minLength: 3, maxLength: 3 }),
      people: fc.array(fc.record({ limits, restMinutes: fc.nat(2) }), { minLength: 4, maxLength: 4 }),
      each: fc.array(fc.option(fc.nat(5), { nil: undefined, freq: 1 }), { minLength: 12, maxLength: 12 }),
      mixes: fc.array(fc.option(fc.record({ minimum: fc.constantFrom(1, 1, 2), of: fc.nat(15) })), {
        minLength: 3,
        maxLength: 3,
      }),
      relations: fc.array(
        fc.record({ kind: fc.constantFrom('apart' as const, 'together' as const), of: fc.tuple(fc.nat(3), fc.nat(3)) }),
        { maxLength: 2 },
      ),
    })
    .map(({ problem, times, people, each, mixes, relations }) => {
      const ids = problem.participants.map(({ id }) => id)
      return {
        ...problem,
        participants: problem.participants.map((participant, p) => ({ ...participant, ...limitsOf(people[p]!) })),
        targets: problem.targets.map((target, t) => {
          const [at, mix] = [times[t], mixes[t]]
          return {
            ...target,
            ...(at && { occurrences: occurrencesOf(at) }),
            mixes: mix
              ? [{ name: 'aid', minimum: mix.minimum, participants: ids.filter((_, p) => (mix.of >> p) & 1) }]
              : [],
          }
        }),
        pairs: problem.pairs.map((pair, place) => {
          const minutesEach = each[place]
          return minutesEach === undefined ? pair : { ...pair, minutesEach }
        }),
        relations: relations.flatMap(({ kind, of: [one, other] }) =>
          ids[one] && ids[other] && one !== other ? [{ kind, participants: [ids[one], ids[other]] as const }] : [],
        ),
      }
    })
}

/** Two weeks of seven minutes, and what is longer belongs to the week in which it began. */
const limitsOf = ({ limits, restMinutes }: { limits?: { first: number; second: number }; restMinutes: number }) => ({
  restMinutes,
  ...(limits && {
    minuteLimits: [
      { from: 7, to: 14, maximum: limits.second },
      { from: 0, to: 7, maximum: limits.first },
    ],
  }),
})

/** Again later, some with room for a rest of two minutes. */
const occurrencesOf = ({ startsAt, length, later }: Time) => [
  { startsAt, endsAt: startsAt + length },
  ...(later
    ? [{ startsAt: startsAt + length + later.after, endsAt: startsAt + length + later.after + later.length }]
    : []),
]
type Time = { startsAt: number; length: number; later: { after: number; length: number } | null }

/** Small rounds of shifts that mostly overlap or follow too soon, and of people who would take many of them. */
export function anyOverlappingProblem(): fc.Arbitrary<Problem> {
  const shifts = fc.array(fc.record({ startsAt: fc.nat(6), length: fc.integer({ min: 1, max: 4 }) }), {
    ...{ minLength: 4, maxLength: 4 },
  })
  const rests = fc.array(fc.nat(3), { minLength: 3, maxLength: 3 })
  const costs = fc.array(fc.integer({ min: -12, max: 3 }), { minLength: 12, maxLength: 12 })
  return fc.record({ seed: fc.nat(), shifts, rests, costs }).map(({ seed, shifts, rests, costs }) => ({
    seed,
    participants: rests.map((restMinutes, p) => ({
      ...{ id: `p${p}`, minimum: 0, maximum: 4, loadCosts: [0, 0, 1, 1], restMinutes },
    })),
    targets: shifts.map(({ startsAt, length }, t) => ({
      ...{
        id: `t${t}`,
        minimum: 0,
        maximum: 2,
        extraValue: 1,
        mixes: [],
        occurrences: [{ startsAt, endsAt: startsAt + length }],
      },
    })),
    pairs: costs.map((cost, place) => ({ participant: `p${place >> 2}`, target: `t${place & 3}`, cost })),
    ...{ pins: [], relations: [] },
  }))
}

/** The same round, told in another order. */
export function shuffled(problem: Problem, turns: number): Problem {
  const turn = <T>(list: readonly T[]): T[] =>
    list.length === 0 ? [] : [...list.slice(turns % list.length), ...list.slice(0, turns % list.length)].reverse()
  return {
    ...problem,
    participants: turn(problem.participants),
    targets: turn(problem.targets.map(target => ({ ...target, mixes: turn(target.mixes) }))),
    pairs: turn(problem.pairs),
    pins: turn(problem.pins),
    relations: turn(problem.relations),
  }
}

/** So that most of them have a plan. */
export const mayBeShort = (round: Problem): Problem => ({
  ...{ ...round, pins: [] },
  participants: round.participants.map(one => ({ ...one, minimum: 0 })),
  targets: round.targets.map(({ shortageCost = 9, mixes, ...one }) => ({
    ...one,
    shortageCost: Math.max(shortageCost, one.extraValue),
    mixes: mixes
      .map(mix => ({ ...mix, participants: mix.participants.filter(id => canDo(round, id, one.id)) }))
      .filter(({ minimum, participants }) => minimum < participants.length),
  })),
})

const canDo = ({ pairs }: Problem, id: string, of: string) =>
  pairs.some(({ participant, target }) => participant === id && target === of)
