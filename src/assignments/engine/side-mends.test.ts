import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Mend, mendProblem } from './mends.ts'
import { openHighs } from './mixed-integer.ts'
import type { Problem } from './problem.ts'
import { findSideMends, sideMendsOf } from './side-mends.ts'
import { anySideProblem } from './side-plans.test.problems.ts'
import { solveWithSides } from './side-plans.ts'

const highs = await openHighs()

const conflictIn = (problem: Problem) => {
  const { certificate } = solveWithSides(highs, problem)
  return certificate.kind === 'conflict' ? { problem, demands: certificate.demands } : undefined
}

const target = (id: string, from: number, fields: Partial<Problem['targets'][number]> = {}) => ({
  ...{ id, minimum: 1, maximum: 2, extraValue: 0, mixes: [] },
  occurrences: [{ startsAt: from * 60, endsAt: (from + 8) * 60 }],
  ...fields,
})
const person = (id: string, fields: Partial<Problem['participants'][number]> = {}) => ({
  ...{ id, minimum: 0, maximum: 2, loadCosts: [0, 0] },
  ...fields,
})
const round = (
  participants: Problem['participants'],
  targets: Problem['targets'],
  fields: Partial<Problem> = {},
): Problem => ({
  ...{ seed: 1, pins: [], relations: [], participants, targets },
  pairs: participants.flatMap(({ id }) => targets.map(each => ({ participant: id, target: each.id, cost: 0 }))),
  ...fields,
})

const rounds: readonly [what: string, problem: Problem, helps: readonly string[]][] = [
  [
    'hours',
    round(
      [person('anna', { minuteLimits: [{ from: 0, to: 10_080, maximum: 840 }] })],
      [target('a', 0), target('b', 24)],
    ),
    [
      'addParticipants a 1',
      'addParticipants b 1',
      'lowerTargetMinimum a 1',
      'lowerTargetMinimum b 1',
      'raiseMinutes 120',
    ],
  ],
  [
    'rest',
    round([person('anna', { restMinutes: 660 })], [target('a', 0), target('b', 16)]),
    [
      'addParticipants a 1',
      'addParticipants b 1',
      'lowerTargetMinimum a 1',
      'lowerTargetMinimum b 1',
      'shortenRest 180',
    ],
  ],
  [
    'two at once, which no rest mends',
    round([person('anna', { restMinutes: 660 })], [target('a', 0), target('b', 4)]),
    ['addParticipants a 1', 'addParticipants b 1', 'lowerTargetMinimum a 1', 'lowerTargetMinimum b 1'],
  ],
  [
    'a mix',
    round(
      [person('anna'), person('ben')],
      [target('a', 0, { maximum: 3, mixes: [{ name: '3 × first aid', minimum: 3, participants: ['anna'] }] })],
    ),
    ['addToMix a 2', 'lowerMix a 2'],
  ],
  [
    'two who are apart',
    round([person('anna'), person('ben')], [target('a', 0, { minimum: 2 })], {
      relations: [{ kind: 'apart', participants: ['anna', 'ben'] }],
    }),
    ['addParticipants a 1', 'dropRelation 1', 'lowerTargetMinimum a 1'],
  ],
]

for (const [what, problem, helps] of rounds)
  test(`VS-11 a conflict of ${what} is mended by each of its mends alone, each as small as can be`, async () => {
    const conflict = conflictIn(problem)
    assert.ok(conflict)
    const mends = sideMendsOf(highs, conflict)
    assert.deepEqual(
      mends
        .map(mend => [mend.kind, 'target' in mend ? mend.target : '', mend.by].filter(part => part !== '').join(' '))
        .toSorted(),
      helps,
    )
    for (const mend of mends) assert.equal(conflictIn(mendProblem(problem, mend)), undefined, JSON.stringify(mend))
    assert.deepEqual(await findSideMends(conflict, 60), mends, 'the thread is given what bears on it alone')
  })

test('VS-11 by less than a mend of a conflict says the round still has no plan', () => {
  const kinds = new Set<string>()
  let smaller = 0
  fc.assert(
    fc.property(anySideProblem(), problem => {
      const conflict = conflictIn(problem)
      if (!conflict) return
      for (const mend of sideMendsOf(highs, conflict)) {
        kinds.add(mend.kind)
        if (mend.by === 1) continue
        smaller++
        const less = { ...mend, by: mend.by - 1 } as Mend
        assert.ok(conflictIn(mendProblem(problem, less)), JSON.stringify(less))
      }
    }),
    { numRuns: 150 },
  )
  assert.ok(smaller > 5 && kinds.size > 4, `${smaller}, ${[...kinds]}`)
})
