import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addUpPrices } from './certificates.ts'
import { checkPlan } from './checks.ts'
import { cheapestOf } from './plans.test.brute-force.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow } from './plans.ts'
import type { Certificate, Multiplier, Occurrence, Plan, Problem } from './problem.ts'

type Prices = Extract<Certificate, { kind: 'prices' }>

test('VS-11 whatever the prices, what they add up to is never more than the cheapest plan costs', () => {
  const price = fc.integer({ min: -40, max: 40 }).map(quarters => quarters / 4)
  fc.assert(
    fc.property(anyConstrained(), fc.array(price, { minLength: 30, maxLength: 30 }), (problem, prices) => {
      const cheapest = cheapestOf(problem)
      if (cheapest === null) return
      const next = prices.values()
      const draw = () => next.next().value ?? 0
      const certificate: Prices = {
        kind: 'prices',
        participants: Object.fromEntries(problem.participants.map(({ id }) => [id, draw()])),
        targets: Object.fromEntries(problem.targets.map(({ id }) => [id, draw()])),
        multipliers: multipliersOf(problem).map(({ constraint }) => ({
          constraint,
          price: constraint.kind === 'together' ? draw() : Math.abs(draw()),
        })),
      }
      const { lowerBound, faults } = addUpPrices(problem, certificate)
      assert.deepEqual(faults, [])
      assert.ok(lowerBound! <= cheapest, `${lowerBound} is said to be below ${cheapest}`)
    }),
    { numRuns: 1500 },
  )
})

test('VS-11 a plan that says of itself what is not so is refused', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(anyProblem(), fc.nat(), (problem, place) => {
      const plan = solveFlow(problem)
      if (plan.certificate.kind !== 'prices') return
      assert.deepEqual(checkPlan(problem, plan).findings, [])
      for (const [name, changed] of mutationsOf(problem, plan, plan.certificate, place)) {
        const { holds, findings } = checkPlan(problem, changed)
        assert.equal(holds, false, `${name} passed`)
        assert.ok(findings.every(finding => finding.length > 10))
        seen.set(name, (seen.get(name) ?? 0) + 1)
      }
    }),
    { numRuns: 400 },
  )
  for (const name of [
    'bound',
    'cost',
    'pair left out',
    'pair twice',
    'stranger',
    'shortage',
    'finer price',
    'far price',
  ])
    assert.ok((seen.get(name) ?? 0) > 5, `${name} was tried ${seen.get(name) ?? 0} times`)
})

function* mutationsOf(
  { targets, pairs, pins }: Problem,
  plan: Plan,
  certificate: Prices,
  place: number,
): Generator<[string, Plan]> {
  const cost = plan.cost!
  yield ['bound', { ...plan, lowerBound: cost + 1 }]
  yield ['bound', { ...plan, lowerBound: cost - 1 }]
  yield ['cost', { ...plan, cost: cost + 1 }]
  yield ['cost', { ...plan, cost: cost - 1, lowerBound: cost - 1 }]
  yield ['stranger', { ...plan, pairs: [...plan.pairs, { participant: 'nobody', target: 'nothing' }] }]
  yield ['shortage', { ...plan, shortages: [...plan.shortages, { target: 'nothing', missing: 1 }] }]
  const pair = plan.pairs[place % plan.pairs.length]
  if (pair) {
    yield ['pair twice', { ...plan, pairs: [...plan.pairs, pair] }]
    const left = plan.pairs.filter(one => one !== pair)
    yield ['pair left out', { ...plan, pairs: left }]
  }
  for (const { id, maximum } of targets) {
    const priced = (price: number): Plan => ({
      ...plan,
      certificate: { ...certificate, targets: { ...certificate.targets, [id]: price } },
    })
    yield ['finer price', priced(1 / 3)]
    yield ['finer price', priced(Number.NaN)]
    // Where a place can be free or filled, people who are worth that little anywhere else prove next to nothing.
    const can = pairs.filter(({ target }) => target === id).length
    if (Math.min(maximum, can) > pins.filter(({ target }) => target === id).length) yield ['far price', priced(-1e6)]
  }
}

test('VS-11 what a side constraint is worth is added up to the last unit', () => {
  const side = constrained()
  const problem: Problem = {
    ...side,
    targets: side.targets.map(target => ({ ...target, minimum: 0 })),
    pairs: side.participants.flatMap(({ id }) =>
      side.targets.map(({ id: target }) => ({ participant: id, target, cost: -3 })),
    ),
  }
  const bound = (constraint: Multiplier['constraint'], price: number) =>
    addUpPrices(problem, { kind: 'prices', participants: {}, targets: {}, multipliers: [{ constraint, price }] })
      .lowerBound
  // Nine pairs of -3; then what each of a row has more, and the bound of the row.
  assert.equal(bound({ kind: 'minutes', participant: 'p0', from: 0 }, 0), -27)
  assert.equal(bound({ kind: 'minutes', participant: 'p0', from: 0 }, 1 / 64), Math.ceil(-27 + (3 * 60 - 100) / 64))
  const short = { ...problem, targets: problem.targets.map(one => ({ ...one, occurrences: twice(one.occurrences!) })) }
  const priced = [{ constraint: { kind: 'minutes', participant: 'p0', from: 0 } as const, price: 1 / 64 }]
  assert.equal(
    addUpPrices(short, { kind: 'prices', participants: {}, targets: {}, multipliers: priced }).lowerBound,
    Math.ceil(-27 + (3 * 60 - 100) / 64),
    'what is a week later does not count for this one',
  )
  assert.equal(bound({ kind: 'rest', participant: 'p0', at: 90, targets: ['t0', 't1'] }, 2), -27 + 2 * 2 - 2)
  assert.equal(bound({ kind: 'mix', target: 't0', mix: 'aid' }, 2), -27 - 2 * 2 + 2)
  assert.equal(bound({ kind: 'apart', participants: ['p0', 'p1'], target: 't2' }, 2), -27 + 2 * 2 - 2)
  assert.equal(bound({ kind: 'together', participants: ['p1', 'p2'], target: 't2' }, 2), -27 + 2 - 2)
  assert.equal(bound({ kind: 'together', participants: ['p1', 'p2'], target: 't2' }, 4), -27 + 3 - 4)
})

const twice = (times: readonly Occurrence[]) =>
  times.flatMap(({ startsAt, endsAt }) =>
    [0, 10_080].map(later => ({ startsAt: startsAt + later, endsAt: endsAt + later })),
  )

test('VS-11 prices whose sum no double holds are added up exactly', () => {
  const people = Array.from({ length: 9 }, (_, p) => `p${p}`)
  const pairs = people.map((participant, p) => ({ participant, target: 'hall', cost: p }))
  const problem: Problem = {
    seed: 0,
    participants: people.map(id => ({ id, minimum: 0, maximum: 1, loadCosts: [0] })),
    targets: [{ id: 'hall', minimum: 9, maximum: 9, extraValue: 0, mixes: [] }],
    ...{ pairs, pins: pairs, relations: [] },
  }
  const targets = { hall: 2 ** 51 - 1 }
  assert.equal(addUpPrices(problem, { kind: 'prices', participants: {}, targets, multipliers: [] }).lowerBound, 36)
})

test('VS-11 side constraints that the problem does not have cannot be priced', () => {
  const problem = constrained()
  const of = (multiplier: Multiplier) =>
    addUpPrices(problem, { kind: 'prices', participants: {}, targets: {}, multipliers: [multiplier] }).faults
  const right: Multiplier[] = [
    { constraint: { kind: 'minutes', participant: 'p0', from: 0 }, price: 1 },
    { constraint: { kind: 'rest', participant: 'p0', at: 90, targets: ['t0', 't1'] }, price: 1 },
    { constraint: { kind: 'mix', target: 't0', mix: 'aid' }, price: 0.25 },
    { constraint: { kind: 'apart', participants: ['p0', 'p1'], target: 't2' }, price: 2 },
    { constraint: { kind: 'together', participants: ['p1', 'p2'], target: 't2' }, price: -2 },
  ]
  for (const multiplier of right) assert.deepEqual(of(multiplier), [], JSON.stringify(multiplier))
  const wrong: Multiplier[] = [
    { constraint: { kind: 'minutes', participant: 'p1', from: 0 }, price: 1 },
    { constraint: { kind: 'rest', participant: 'p0', at: 90, targets: ['t0', 't2'] }, price: 1 },
    { constraint: { kind: 'rest', participant: 'p1', at: 90, targets: ['t0', 't1'] }, price: 1 },
    { constraint: { kind: 'rest', participant: 'p0', at: 120, targets: ['t0', 't1'] }, price: 1 },
    { constraint: { kind: 'minutes', participant: 'p0', from: 1 }, price: 1 },
    { constraint: { kind: 'mix', target: 't1', mix: 'aid' }, price: 1 },
    { constraint: { kind: 'apart', participants: ['p1', 'p2'], target: 't2' }, price: 2 },
    { constraint: { kind: 'together', participants: ['p2', 'p1'], target: 't2' }, price: 2 },
    { constraint: { kind: 'mix', target: 't0', mix: 'aid' }, price: -1 },
    { constraint: { kind: 'minutes', participant: 'p0', from: 0 }, price: 0.1 },
  ]
  for (const multiplier of wrong) assert.equal(of(multiplier).length, 1, JSON.stringify(multiplier))
})

/** Door and kitchen are 30 minutes apart: too close for p0, who rests an hour; the garden is far from both. */
function constrained(): Problem {
  return {
    seed: 0,
    participants: ['p0', 'p1', 'p2'].map(id => ({
      ...{ id, minimum: 0, maximum: 3, loadCosts: [0, 0, 0] },
      ...(id === 'p0' && { minuteLimits: [{ from: 0, to: 10_080, maximum: 100 }], restMinutes: 60 }),
    })),
    targets: [0, 90, 600].map((startsAt, t) => ({
      ...{ id: `t${t}`, minimum: 1, maximum: 2, extraValue: 0, occurrences: [{ startsAt, endsAt: startsAt + 60 }] },
      mixes: t === 0 ? [{ name: 'aid', minimum: 1, participants: ['p0', 'p1'] }] : [],
    })),
    pairs: [],
    pins: [],
    relations: [
      { kind: 'apart', participants: ['p0', 'p1'] },
      { kind: 'together', participants: ['p1', 'p2'] },
    ],
  }
}

function anyConstrained(): fc.Arbitrary<Problem> {
  return fc.tuple(anyProblem({ participants: 3, targets: 3 }), fc.nat(7)).map(([problem, which]) => {
    const side = constrained()
    const ids = new Set(problem.participants.map(({ id }) => id))
    return {
      ...problem,
      participants: problem.participants.map((one, p) => ({
        ...one,
        ...(p === 0 && { minuteLimits: side.participants[0]!.minuteLimits, restMinutes: 60 }),
      })),
      targets: problem.targets.map((one, t) => ({
        ...one,
        occurrences: side.targets[t]!.occurrences,
        mixes: which & 1 ? side.targets[t]!.mixes.filter(mix => mix.participants.every(id => ids.has(id))) : [],
      })),
      relations: side.relations.filter(
        ({ participants }, place) => which & (2 << place) && participants.every(id => ids.has(id)),
      ),
    }
  })
}

function multipliersOf(problem: Problem): Multiplier[] {
  const has = (id: string) =>
    problem.participants.some(one => one.id === id) || problem.targets.some(one => one.id === id)
  const rows: Multiplier[] = []
  if (has('p0')) rows.push({ constraint: { kind: 'minutes', participant: 'p0', from: 0 }, price: 0 })
  if (has('p0') && has('t1'))
    rows.push({ constraint: { kind: 'rest', participant: 'p0', at: 90, targets: ['t0', 't1'] }, price: 0 })
  for (const { id, mixes } of problem.targets)
    for (const { name } of mixes) rows.push({ constraint: { kind: 'mix', target: id, mix: name }, price: 0 })
  for (const { kind, participants } of problem.relations)
    for (const { id } of problem.targets) rows.push({ constraint: { kind, participants, target: id }, price: 0 })
  return rows
}
