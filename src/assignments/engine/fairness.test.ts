import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareLoads, giniOf, type PastRound, standingsOf, weighRound } from './fairness.ts'
import { solveFlow } from './plans.ts'
import type { Problem } from './problem.ts'

const even = { preference: 0, fairness: 1, rotation: 0 }

test('VS-11 vectors of load are ordered from the fairest: squares first, then the worst off', () => {
  const inOrder = [
    [3, 3, 3, 3, 3],
    [4, 4, 3, 2, 2],
    [5, 3, 3, 2, 2],
    [5, 5, 2, 2, 1],
    [6, 3, 3, 2, 1],
    [5, 6, 2, 1, 1],
    [11, 1, 1, 1, 1],
  ]
  for (const [place, loads] of inOrder.entries())
    for (const worse of inOrder.slice(place + 1))
      assert.ok(compareLoads(loads, worse) < 0 && compareLoads(worse, loads) > 0, `${loads} before ${worse}`)
  assert.equal(compareLoads([1, 2], [2, 1]), 0)
})

test('VS-11 twelve shifts for seven equal people are 2, 2, 2, 2, 2, 1, 1', () => {
  const { problem } = weighRound(round({ people: 7, targets: 12, maximum: 4 }), [], even)
  assert.deepEqual(loadsOf(problem), [2, 2, 2, 2, 2, 1, 1])
})

test('VS-11 of plans that cost the same the loads are leximin, though fairness weighs nothing', () => {
  const { problem } = weighRound(round({ people: 4, targets: 6, maximum: 6 }), [], { ...even, fairness: 0 })
  assert.deepEqual(loadsOf(problem), [2, 2, 1, 1])
})

test('VS-11 a newcomer gets his share and not all the shifts that others have had before him', () => {
  const history: PastRound[] = []
  for (let number = 0; number < 30; number++) {
    const people = number < 20 ? 5 : 6
    const now = round({ people, targets: 3, maximum: 3 })
    const plan = solveFlow(weighRound({ ...now, seed: number }, history, even).problem)
    history.push({ eligible: now.pairs, assigned: plan.pairs })
  }
  const standings = standingsOf(history)
  assert.deepEqual(
    [...standings.values()].slice(0, 5).map(({ share }) => Math.round(share)),
    [17, 17, 17, 17, 17],
  )
  for (const { load, share } of standings.values()) assert.ok(Math.abs(load - share) <= 1, `${load} of ${share}`)
  assert.equal(Math.round(standings.get('p5')!.share), 5)
})

test('VS-11 who was away for long starts at even; who missed a few rounds keeps what he is ahead', () => {
  const both = ['p0', 'p1'].map(participant => ({ participant, target: 't0' }))
  const worked = { eligible: both, assigned: [both[0]!] }
  const without = { eligible: [both[1]!], assigned: [both[1]!] }
  const away = (rounds: number) =>
    standingsOf([worked, worked, ...Array(rounds).fill(without), { eligible: both, assigned: [] }])
  assert.deepEqual(away(3).get('p0'), { load: 2, share: 1 })
  assert.deepEqual(away(9).get('p0'), { load: 2, share: 2 })
})

test('VS-11 the Gini index is 0 where load is in one ratio to opportunity, and near 1 where one does all', () => {
  assert.equal(
    giniOf([
      { load: 2, share: 1 },
      { load: 4, share: 2 },
    ]),
    0,
  )
  const one = Array.from({ length: 100 }, (_, place) => ({ load: place === 0 ? 50 : 0, share: 0.5 }))
  assert.equal(giniOf(one), 0.99)
})

function round({ people, targets, maximum }: { people: number; targets: number; maximum: number }): Problem {
  const [participants, places] = [people, targets].map((count, kind) =>
    Array.from({ length: count }, (_, place) => `${'pt'[kind]}${place}`),
  ) as [string[], string[]]
  return {
    seed: 1,
    participants: participants.map(id => ({ id, minimum: 0, maximum, loadCosts: Array(maximum).fill(0) })),
    targets: places.map(id => ({ id, minimum: 1, maximum: 1, extraValue: 0, mixes: [] })),
    pairs: participants.flatMap(participant => places.map(target => ({ participant, target, cost: 0 }))),
    pins: [],
    relations: [],
  }
}

function loadsOf(problem: Problem): number[] {
  const { pairs } = solveFlow(problem)
  return problem.participants
    .map(({ id }) => pairs.filter(({ participant }) => participant === id).length)
    .toSorted((one, other) => other - one)
}
