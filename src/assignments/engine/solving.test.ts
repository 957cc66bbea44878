import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateProblem } from '../../../bench/assignments/generation.ts'
import { withSides } from '../../../bench/assignments/side-rounds.ts'
import { brokenRules, checkPlan } from './checks.ts'
import { ProblemError } from './instances.ts'
import { solveFlow } from './plans.ts'
import type { Problem } from './problem.ts'
import { SearchEnded } from './side-plans.ts'
import { closenessTo } from './side-replans.ts'
import { checked, replanRound, solveRound } from './solving.ts'
import { strategies } from './strategies/strategies.ts'
import type { Progress } from './strategies/strategy.ts'
import { validationRules } from './validation-rules/validation-rules.ts'

const size = { participants: 30, targets: 6, eligible: 5, needed: 4, maximum: 3 }
const round = withSides(generateProblem(size, 5), 5)

test('VS-11 every strategy keeps every rule, and says its cost with a bound that is below it', async () => {
  const optimal = await strategies.find('optimal')!.plan(round, {})
  assert.equal(optimal.status, 'optimal')
  for (const strategy of strategies.list()) {
    const plan = await strategy.plan(round, {})
    assert.deepEqual(brokenRules(round, plan.pairs), [])
    assert.ok(checkPlan(round, plan).holds)
    assert.equal(plan.strategy, strategy.name)
    assert.ok(plan.lowerBound! <= plan.cost! && optimal.cost! <= plan.cost!, `${strategy.name} costs ${plan.cost}`)
  }
})

test('VS-11 the lot falls the same for the same seed, and otherwise for another', async () => {
  const { plan } = strategies.find('random_assignment')!
  const [one, same, other] = await Promise.all([plan(round, {}), plan(round, {}), plan({ ...round, seed: 6 }, {})])
  assert.deepEqual(one, same)
  assert.notDeepEqual(one.pairs, other.pairs)
})

test('VS-11 balanced rotation gives a target to who did not have it last', async () => {
  const plain = generateProblem({ participants: 4, targets: 2, eligible: 2, needed: 1, maximum: 1 }, 1)
  const history = [
    ['p00000', 'p00001'],
    ['p00002', 'p00003'],
  ].map(([one, other]) => ({
    eligible: plain.pairs,
    assigned: [
      { participant: one!, target: 't00000' },
      { participant: other!, target: 't00001' },
    ],
  }))
  const { pairs } = await strategies.find('balanced_rotation')!.plan(plain, { history })
  assert.equal(pairs.length, 2)
  for (const { participant, target } of pairs)
    for (const { assigned } of history)
      assert.ok(!assigned.some(had => had.participant === participant && had.target === target), `${participant} again`)
})

test('VS-11 skills count first, and below the threshold only where the fallback is allowed', async () => {
  const plain = generateProblem({ participants: 3, targets: 1, eligible: 1, needed: 2, maximum: 1 }, 1)
  const skilled: Problem = {
    ...plain,
    pairs: plain.pairs.map((pair, place) => ({ ...pair, skillMatch: [0.5, 1, 0.2][place] })),
  }
  const { plan } = strategies.find('skill_based')!
  const people = (await plan(skilled, {})).pairs.map(({ participant }) => participant)
  assert.deepEqual(people, ['p00000', 'p00001'])
  await assert.rejects(plan(skilled, { parameters: { fallback: false } }), /threshold of 0.7/)
})

test('VS-11 a module adds a strategy, and none takes the name of another', () => {
  const own = { ...strategies.find('optimal')!, name: 'ours' }
  strategies.add(own)
  assert.equal(strategies.find('ours'), own)
  assert.throws(() => strategies.add(own), /there already/)
})

test('VS-11 a search that is stopped keeps the best plan so far, which keeps every rule', async () => {
  const large = withSides(
    generateProblem({ participants: 300, targets: 60, eligible: 40, needed: 8, maximum: 4 }, 2),
    2,
  )
  const stop = new AbortController()
  const told: Progress[] = []
  const plan = await solveRound(large, {
    signal: stop.signal,
    onProgress: progress => {
      told.push(progress)
      if (progress.cost! < told[0]!.cost!) stop.abort()
    },
  })
  assert.ok(told.length >= 2)
  assert.deepEqual(brokenRules(large, plan.pairs), [])
  assert.ok(plan.lowerBound! <= plan.cost! && checkPlan(large, plan).holds)
  assert.deepEqual(told.at(-1)!.pairs, plan.pairs)

  const again = new AbortController()
  const takenUp: Progress[] = []
  const next = await solveRound(large, {
    ...{ signal: again.signal, start: plan.pairs },
    onProgress: progress => {
      takenUp.push(progress)
      again.abort()
    },
  })
  assert.deepEqual(
    [takenUp[0]!.cost, next.cost, next.pairs],
    [plan.cost, plan.cost, plan.pairs],
    'it goes on from there',
  )
  assert.ok(checkPlan(large, next).holds)
  const broken = await solveRound(
    { ...large, targets: large.targets.map(each => ({ ...each, minimum: 0, maximum: 0 })) },
    { start: plan.pairs },
  )
  assert.deepEqual(broken.pairs, [], 'what breaks a rule is not begun from')
})

test('VS-11 of a replan that is taken up the plan that gives up fewer is the better one, whatever they cost', async () => {
  const sides = withSides(generateProblem({ participants: 40, targets: 12, eligible: 8, needed: 4, maximum: 3 }, 2), 2)
  const before = (await solveRound(sides)).pairs
  const gone = before[0]!.participant
  const changed = { ...sides, pairs: sides.pairs.filter(({ participant }) => participant !== gone) }
  const closest = await replanRound(changed, before)
  const cheapest = await solveRound(changed)
  assert.ok(cheapest.cost! <= closest.plan.cost!, 'the control')
  const isWorse = closenessTo(changed, before)
  assert.deepEqual([isWorse(cheapest, closest.plan), isWorse(closest.plan, cheapest)], [true, false])
})

test('VS-11 what a search takes of a processor is told while it goes on', async () => {
  const told: number[] = []
  const stop = new AbortController()
  const large = withSides(
    generateProblem({ participants: 1500, targets: 150, eligible: 40, needed: 30, maximum: 4 }, 3),
    3,
  )
  const onEffort = (cpuMs: number) => {
    told.push(cpuMs)
    if (told.length === 3) stop.abort()
  }
  await solveRound(large, { signal: stop.signal, onEffort }).catch(error => assert.ok(error instanceof SearchEnded))
  assert.ok(stop.signal.aborted && told.every((cpuMs, place) => cpuMs >= (told[place - 1] ?? 1)), `${told}`)
})

test('VS-11 a search that is stopped before it has a plan says so, and what to do', async () => {
  const isClear = (error: Error) =>
    error instanceof SearchEnded && /before it had a plan. Give it more time/.test(error.message)
  const stop = new AbortController()
  const stopped = solveRound(round, { signal: stop.signal })
  stop.abort()
  await assert.rejects(stopped, isClear)
  await assert.rejects(solveRound(round, { signal: AbortSignal.abort() }), isClear)
  await assert.rejects(solveRound(round, { seconds: 0.001 }), isClear)
})

test('VS-11 what is wrong with a round is told by the thread as it is without one', async () => {
  const twice = { ...round, pairs: [...round.pairs, round.pairs[0]!] }
  await assert.rejects(
    solveRound(twice),
    (error: Error) => error instanceof ProblemError && /is there twice/.test(error.message),
  )
})

test('VS-11 who waits for a plan does not work for it: reading, solving and checking are in the thread', async () => {
  const wide = generateProblem({ participants: 2000, targets: 200, eligible: 60, needed: 20, maximum: 4 }, 3)
  const expected = checked(wide, solveFlow(wide))
  const here = process.threadCpuUsage()
  checked(wide, solveFlow(wide))
  const alone = process.threadCpuUsage(here)
  const before = process.threadCpuUsage()
  const plan = await solveRound(wide)
  const beside = process.threadCpuUsage(before)
  assert.deepEqual(plan, expected)
  assert.ok(beside.user < alone.user / 2, `${beside.user} µs beside the thread, ${alone.user} without one`)
})

test('VS-11 demands that no plan meets are named, and without any one of them there is a plan', async () => {
  const needy: Problem = {
    ...round,
    targets: round.targets.map((target, place) =>
      place === 3
        ? { ...target, mixes: [{ name: 'driver', minimum: 2, participants: ['p00000', 'p00001', 'p00002'] }] }
        : target,
    ),
    relations: [{ kind: 'apart', participants: ['p00000', 'p00001'] }],
    pairs: [
      ...round.pairs.filter(({ participant, target }) => target !== 't00003' || participant > 'p00002'),
      ...['p00000', 'p00001'].map(participant => ({ participant, target: 't00003', cost: 1 })),
    ],
  }
  const plan = await solveRound(needy)
  assert.equal(plan.status, 'infeasible')
  assert.ok(plan.certificate.kind === 'conflict')
  assert.deepEqual(plan.certificate.demands.map(({ kind }) => kind).toSorted(), ['mix', 'relation'])
  assert.notEqual((await solveRound({ ...needy, relations: [] })).status, 'infeasible')
})

test('VS-11 rules say what is missing: places, hours and skills', () => {
  const plain = generateProblem({ participants: 2, targets: 2, eligible: 2, needed: 2, maximum: 1 }, 1)
  const without = { ...plain, pairs: plain.pairs.filter(({ participant }) => participant === 'p00000') }
  const exclusion = (rule: string, target: string, missing: string[]) => ({
    participant: 'p00001',
    target,
    rule,
    missing,
  })
  const validated = {
    problem: without,
    exclusions: [
      exclusion('availability_check', 't00000', ['monday 9:00']),
      exclusion('skill_matching', 't00001', ['first aid', 'driving']),
    ],
  }
  const found = validationRules.list().map(rule => rule.check(validated, {}))
  assert.deepEqual(found, [
    [{ rule: 'capacity_check', needed: 4, available: 2, missing: ['2 places'] }],
    [{ rule: 'availability_check', target: 't00000', needed: 2, available: 1, missing: ['monday 9:00'] }],
    [{ rule: 'skill_matching', target: 't00001', needed: 2, available: 1, missing: ['first aid', 'driving'] }],
  ])
  const plan = { pairs: [{ participant: 'p00001', target: 't00001' }] }
  assert.deepEqual(validationRules.find('skill_matching')!.check({ ...validated, plan }, {})[0], {
    ...{ rule: 'skill_matching', participant: 'p00001', target: 't00001', missing: ['first aid', 'driving'] },
  })
})
