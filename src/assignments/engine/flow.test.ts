import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { drawing, generateProblem } from '../../../bench/assignments/generation.ts'
import { solveByHighs } from '../../../bench/assignments/linear-programs.ts'
import { checkPlan } from './checks.ts'
import { instanceOf, ProblemError } from './instances.ts'
import { anyProblem } from './plans.test.problems.ts'
import { solveFlow, solveRelaxation } from './plans.ts'
import { largestCost, type Problem } from './problem.ts'

if (process.send) answerParent()
else {
  test('VS-11 a plan costs what HiGHS finds, on rounds of 20 people and 8 targets', async () => {
    const problems = fc.sample(anyProblem({ participants: 20, targets: 8, largest: 100 }), { numRuns: 60, seed: 8 })
    let feasible = 0
    for (const problem of problems) {
      if (problem.pairs.length === 0) continue
      const plan = solveFlow(problem)
      const { cost } = await solveByHighs(instanceOf(problem))
      assert.equal(plan.cost, cost === undefined ? null : Math.round(cost))
      assert.deepEqual(checkPlan(problem, plan).findings, [])
      if (cost !== undefined) feasible++
    }
    assert.ok(feasible > 10 && feasible < 60, `${feasible} of 60 rounds had a plan`)
  })

  test('VS-11 a plan for 300 people and 60 targets costs what HiGHS finds', async () => {
    const size = { participants: 300, targets: 60, eligible: 20, needed: 15, maximum: 4 }
    for (const seed of [1, 2, 3]) {
      const problem = generateProblem(size, seed)
      const plan = solveFlow(problem)
      assert.equal(plan.cost, Math.round((await solveByHighs(instanceOf(problem))).cost!))
      assert.equal(checkPlan(problem, plan).provenBound, plan.cost)
    }
  })

  test('VS-11 the largest costs are added up exactly', () => {
    const people = Array.from({ length: 300 }, (_, p) => `p${p}`)
    const tasks = Array.from({ length: 300 }, (_, t) => `t${t}`)
    const draw = drawing(5)
    const problem: Problem = {
      seed: 3,
      participants: people.map(id => ({ id, minimum: 0, maximum: 2, loadCosts: [largestCost - 1, largestCost] })),
      targets: tasks.map((id, t) => ({
        id,
        minimum: 1,
        maximum: 2,
        extraValue: t % 2 ? -largestCost : largestCost,
        mixes: [],
      })),
      // A plan that goes from one person to the next adds up hundreds of the largest costs.
      pairs: people.flatMap((participant, p) =>
        [p, (p + 1) % 300, Math.floor(draw() * 150) * 2]
          .filter((t, place, all) => all.indexOf(t) === place)
          .map(t => ({ participant, target: tasks[t]!, cost: draw() < 0.5 ? largestCost - p : 7 - largestCost })),
      ),
      pins: [],
      relations: [],
    }
    const plan = solveFlow(problem)
    assert.equal(plan.status, 'optimal')
    assert.ok(Math.abs(plan.cost!) > largestCost * 10)
    const { findings, provenBound } = checkPlan(problem, plan)
    assert.deepEqual(findings, [])
    assert.equal(provenBound, plan.cost)
    const beyond = { ...problem, pairs: [{ ...problem.pairs[0]!, cost: largestCost + 1 }, ...problem.pairs.slice(1)] }
    assert.throws(() => solveFlow(beyond), /costs 1000000001; a cost is a whole number from -1000000000 to 1000000000/)
  })

  test('VS-11 20 runs of 10 orders of input in 2 processes give the same bytes, where thousands of plans cost the same', async () => {
    const problem = tiedProblem()
    const digests = new Set<string>()
    for (let order = 0; order < 10; order++)
      for (let run = 0; run < 20; run++) digests.add(digestOf(shuffled(problem, order)))
    for (const digest of await digestsOfChild()) digests.add(digest)
    assert.equal(digests.size, 1)
    const seeds = new Set([1, 2, 3, 4].map(seed => digestOf({ ...problem, seed })))
    assert.equal(seeds.size, 4, 'another seed breaks ties another way')
  })

  test('VS-11 ties are broken by whom it is about: somebody new whom nobody needs changes nothing', () => {
    const problem = tiedProblem()
    const more = {
      ...problem,
      participants: [{ ...problem.participants[0]!, id: 'a newcomer' }, ...problem.participants],
    }
    const dear = { participant: 'a newcomer', target: problem.targets[0]!.id, cost: 1000 }
    const plan = solveFlow({ ...more, pairs: [dear, ...problem.pairs] })
    assert.deepEqual(plan.pairs, solveFlow(problem).pairs)
  })

  test('VS-11 a round of nobody or nothing has a plan, or a conflict', () => {
    const empty: Problem = { seed: 0, participants: [], targets: [], pairs: [], pins: [], relations: [] }
    const plan = solveFlow(empty)
    assert.deepEqual([plan.status, plan.cost, plan.pairs], ['optimal', 0, []])
    assert.equal(checkPlan(empty, plan).holds, true)
    const nobody = { ...empty, targets: [{ id: 'door', minimum: 1, maximum: 1, extraValue: 0, mixes: [] }] }
    assert.deepEqual(solveFlow(nobody).certificate, {
      kind: 'conflict',
      demands: [{ kind: 'targetMinimum', target: 'door' }],
    })
    const free = { ...empty, targets: [{ ...nobody.targets[0]!, shortageCost: 5 }] }
    assert.deepEqual(solveFlow(free).shortages, [{ target: 'door', missing: 1 }])
    assert.equal(checkPlan(free, solveFlow(free)).holds, true)
  })

  test('VS-11 a problem that cannot be meant is refused, with what is wrong', () => {
    const person = { id: 'anna', minimum: 0, maximum: 1, loadCosts: [0] }
    const target = { id: 'kitchen', minimum: 1, maximum: 1, extraValue: 0, mixes: [] }
    const pair = { participant: 'anna', target: 'kitchen', cost: 1 }
    const right: Problem = {
      seed: 0,
      participants: [person],
      targets: [target],
      pairs: [pair],
      pins: [],
      relations: [],
    }
    assert.equal(solveFlow(right).cost, 1)
    const refused: [Partial<Problem>, RegExp][] = [
      [{ seed: 0.5 }, /seed is 0.5/],
      [{ participants: [person, person] }, /participant anna is there twice/],
      [{ targets: [target, target] }, /target kitchen is there twice/],
      [{ pairs: [pair, pair] }, /pair anna, kitchen is there twice/],
      [{ pairs: [{ ...pair, participant: 'berta' }] }, /names the participant berta/],
      [{ pairs: [{ ...pair, target: 'door' }] }, /names the target door/],
      [{ pairs: [{ ...pair, cost: 0.1 }] }, /anna, kitchen costs 0.1/],
      [{ pins: [{ participant: 'anna', target: 'door' }] }, /names the target door/],
      [{ pairs: [], pins: [pair] }, /pinned, but is not among the pairs/],
      [{ pins: [pair, pair] }, /pinned twice/],
      [{ participants: [{ ...person, minimum: 2 }] }, /anna has minimum 2 and maximum 1/],
      [{ participants: [{ ...person, loadCosts: [] }] }, /0 load costs for 1 targets/],
      [{ participants: [{ ...person, maximum: 2, loadCosts: [2, 1] }] }, /fall from 2 to 1/],
      [{ targets: [{ ...target, minimum: -1 }] }, /kitchen has minimum -1/],
      [
        { targets: [{ ...target, maximum: 2, extraValue: 3, shortageCost: 2 }] },
        /an extra person at 3, and a missing one at 2/,
      ],
    ]
    for (const [change, message] of refused)
      assert.throws(
        () => solveFlow({ ...right, ...change }),
        error => error instanceof ProblemError && message.test(error.message),
        JSON.stringify(change),
      )
  })

  test('VS-11 a flow never passes off a plan that breaks a side constraint', () => {
    const [one, other] = ['anna', 'berta'].map(id => ({ id, minimum: 0, maximum: 2, loadCosts: [0, 0] }))
    const target = { minimum: 1, maximum: 1, extraValue: 0, mixes: [] }
    const problem: Problem = {
      seed: 0,
      participants: [one!, other!],
      targets: [
        { ...target, id: 'door', occurrences: [{ startsAt: 0, endsAt: 60 }] },
        { ...target, id: 'kitchen', occurrences: [{ startsAt: 30, endsAt: 90 }] },
      ],
      pairs: ['anna', 'berta'].flatMap(participant =>
        ['door', 'kitchen'].map(name => ({ participant, target: name, cost: participant === 'anna' ? 1 : 9 })),
      ),
      pins: [],
      relations: [],
    }
    assert.throws(() => solveFlow(problem), /anna is on door and kitchen, which overlap/)
    const relaxed = solveRelaxation(problem)
    assert.equal(relaxed.cost, 2)
    assert.equal(checkPlan(problem, relaxed).holds, false)
    const later = {
      ...problem,
      targets: [problem.targets[0]!, { ...problem.targets[1]!, occurrences: [{ startsAt: 60, endsAt: 90 }] }],
    }
    assert.equal(solveFlow(later).cost, 2)
  })
}

/** Costs of 1 and 2: whatever is best is so in very many ways. */
function tiedProblem(): Problem {
  const problem = generateProblem({ participants: 60, targets: 20, eligible: 12, needed: 6, maximum: 4 }, 3)
  return { ...problem, pairs: problem.pairs.map(pair => ({ ...pair, cost: 1 + (pair.cost % 2) })) }
}

function shuffled(problem: Problem, order: number): Problem {
  const draw = drawing(order)
  const mixed = <T>(list: readonly T[]) =>
    list
      .map(item => ({ item, key: draw() }))
      .toSorted((one, two) => one.key - two.key)
      .map(({ item }) => item)
  return {
    ...problem,
    participants: mixed(problem.participants),
    targets: mixed(problem.targets),
    pairs: mixed(problem.pairs),
  }
}

function digestOf(problem: Problem): string {
  return createHash('sha256')
    .update(JSON.stringify(solveFlow(problem)))
    .digest('hex')
}

function answerParent(): void {
  const problem = tiedProblem()
  process.send!(Array.from({ length: 10 }, (_, order) => digestOf(shuffled(problem, order))))
}

function digestsOfChild(): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, { execArgv: [], env: {} })
    child.once('message', message => resolve(message as string[]))
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`The other process ended with ${code} before it answered`)))
  })
}
