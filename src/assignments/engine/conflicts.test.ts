import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlan } from './checks.ts'
import { type Mend, mendProblem, mendsOf } from './mends.ts'
import { canBeMet } from './plans.test.brute-force.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow } from './plans.ts'
import type { Demand, Problem } from './problem.ts'

function conflictOf(problem: Problem): readonly Demand[] | undefined {
  const { certificate } = solveFlow(problem)
  return certificate.kind === 'conflict' ? certificate.demands : undefined
}

const without = (demands: readonly Demand[], place: number) => demands.toSpliced(place, 1)

test('VS-11 the demands of a conflict cannot be met together, and any of them left out the others can', () => {
  const kinds = new Set<string>()
  fc.assert(
    fc.property(anyProblem({ largest: 3 }), problem => {
      const demands = conflictOf(problem)
      if (!demands) return
      assert.equal(canBeMet(problem, demands), false)
      for (let place = 0; place < demands.length; place++)
        assert.equal(
          canBeMet(problem, without(demands, place)),
          true,
          `${JSON.stringify(demands[place])} can be left out`,
        )
      for (const { kind } of demands) kinds.add(kind)
    }),
    { numRuns: 1500 },
  )
  assert.deepEqual([...kinds].toSorted(), [
    'participantMaximum',
    'participantMinimum',
    'pin',
    'targetMaximum',
    'targetMinimum',
  ])
})

test('VS-11 each mend of a conflict makes it go away, and one place less of it does not', () => {
  const kinds = new Set<string>()
  fc.assert(
    fc.property(anyProblem({ largest: 3 }), problem => {
      const demands = conflictOf(problem)
      if (!demands) return
      const mends = mendsOf(problem, demands)
      assert.ok(mends.length > 0)
      for (const mend of mends) {
        assert.equal(canBeMet(mendProblem(problem, mend), left(demands, mend)), true, JSON.stringify(mend))
        kinds.add(mend.kind)
        if (mend.by === 1) continue
        const smaller = { ...mend, by: mend.by - 1 } as Mend
        assert.equal(canBeMet(mendProblem(problem, smaller), left(demands, smaller)), false, JSON.stringify(smaller))
      }
    }),
    { numRuns: 1000 },
  )
  assert.deepEqual([...kinds].toSorted(), [
    'addParticipants',
    'lowerParticipantMinimum',
    'lowerTargetMinimum',
    'raiseParticipantMaximum',
    'raiseTargetMaximum',
    'unpin',
  ])
})

/** What is demanded after the mend: somebody who is no longer pinned is not demanded. */
const left = (demands: readonly Demand[], mend: Mend) =>
  mend.kind !== 'unpin'
    ? demands
    : demands.filter(
        demand => demand.kind !== 'pin' || demand.participant !== mend.participant || demand.target !== mend.target,
      )

test('VS-11 who can do less than he must is a conflict of his own, not with others who want the same', () => {
  const demands = conflictOf({
    seed: 0,
    participants: [
      { id: 'anna', minimum: 1, maximum: 3, loadCosts: [0, 0, 0] },
      { id: 'berta', minimum: 2, maximum: 4, loadCosts: [0, 0, 0, 0] },
    ],
    targets: [
      { id: 'bath', minimum: 0, maximum: 0, extraValue: 0, mixes: [] },
      { id: 'kitchen', minimum: 1, maximum: 1, extraValue: 0, mixes: [] },
    ],
    pairs: [
      { participant: 'anna', target: 'bath', cost: 0 },
      { participant: 'anna', target: 'kitchen', cost: 0 },
      { participant: 'berta', target: 'kitchen', cost: 0 },
    ],
    pins: [],
    relations: [],
  })
  assert.deepEqual(demands, [{ kind: 'participantMinimum', participant: 'berta' }])
})

test('VS-11 a conflict that is none, or lacks one of its demands, is refused by the check', () => {
  let refused = 0
  fc.assert(
    fc.property(anyProblem({ largest: 3 }), problem => {
      const plan = solveFlow(problem)
      if (plan.certificate.kind !== 'conflict') return
      const { demands } = plan.certificate
      for (let place = 0; place < demands.length; place++) {
        const certificate = { kind: 'conflict', demands: without(demands, place) } as const
        assert.equal(checkPlan(problem, { ...plan, certificate }).holds, false)
        refused++
      }
    }),
  )
  assert.ok(refused > 20)
})

test('VS-11 a short round of 600 people and 60 targets says so in demands that all count', () => {
  const people = Array.from({ length: 600 }, (_, p) => `p${p}`)
  const tasks = Array.from({ length: 60 }, (_, t) => `t${t}`)
  const problem: Problem = {
    seed: 1,
    participants: people.map(id => ({ id, minimum: 0, maximum: 1, loadCosts: [0] })),
    targets: tasks.map(id => ({ id, minimum: 11, maximum: 11, extraValue: 0, mixes: [] })),
    pairs: people.flatMap((participant, p) => tasks.slice(p % 3).map(target => ({ participant, target, cost: 1 }))),
    pins: [],
    relations: [],
  }
  const plan = solveFlow(problem)
  assert.equal(plan.status, 'infeasible')
  assert.deepEqual(checkPlan(problem, plan).findings, [])
  const demands = conflictOf(problem)!
  // 55 targets of 11 are 605 places for 600 people: one target less, and all have their people.
  assert.equal(demands.filter(({ kind }) => kind === 'targetMinimum').length, 55)
  assert.equal(mendsOf(problem, demands)[0]!.by, 5)
})
