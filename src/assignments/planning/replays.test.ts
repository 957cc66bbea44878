import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runJobs } from '#test/jobs.ts'
import { givenOf } from './answers.ts'
import { bytesOf, replayRun } from './checks.ts'
import { packProblem } from './kept-problems.ts'
import { admin, alice, app, ask, bob, call, houseOf, viewer, world } from './planning.test.world.ts'
import { readyRound } from './ready-rounds.ts'

const scope = { tenantId: alice.tenantId, userId: alice.userId }
const tx = app.db.scoped(scope)
type Run = { id: string; planStatus: string; strategy: string; kind: 'plan' | 'replan'; seed: number }

test('VS-11 AG-01 a checker that shares no code with the solver finds what was changed in a plan or its problem afterwards', async () => {
  const house = await houseOf({ Anna: { maxAssignments: 1 }, Ben: {}, Cleo: {} }, { Kitchen: {}, Garden: {} })
  const id = await house.round()
  assert.equal((await ask(viewer, 'GET', `/assignments/${id}/check`)).holds, false, 'nobody is on anything yet')
  const run = await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  const path = `/assignments/${id}/runs/${run.id}/check`
  const check = await ask(viewer, 'GET', path)
  assert.deepEqual(check, { holds: true, findings: [], cost: run.cost, provenBound: run.cost, claimed: null })
  const standing = await ask(viewer, 'GET', `/assignments/${id}/check`)
  assert.deepEqual(standing, { holds: true, findings: [], cost: run.cost, provenBound: run.cost, claimed: null })
  for (const way of [path, `/assignments/${id}/check`]) assert.equal((await call(bob, 'GET', way)).status, 404)

  await ask(alice, 'PATCH', `/assignment-targets/${house.places.Kitchen}`, { requiredCount: 2 })
  const later = await ask(viewer, 'GET', `/assignments/${id}/check`)
  assert.deepEqual([later.holds, later.findings], [false, ['Kitchen has 1 house-mate, and needs 2.']])
  assert.equal((await ask(viewer, 'GET', path)).holds, true, 'of what it was given the run is right')

  const tamper = (set: string) => admin.query(`update assignments.solver_runs set ${set} where id = $1`, [run.id])
  const { rows } = await admin.query('select plan, problem from assignments.solver_runs where id = $1', [run.id])
  for (const [set, finding] of [
    [`plan = jsonb_set(plan, '{cost}', '1')`, /It says that it costs 1/],
    [`plan = jsonb_set(plan, '{pairs}', (plan -> 'pairs') || (plan -> 'pairs'))`, /is on .* twice/],
    [`plan = jsonb_set(plan, '{lowerBound}', to_jsonb((plan ->> 'lowerBound')::numeric + 1))`, /no plan costs less/i],
    [`problem = '\\x1f8b0800000000000003abae050043bfa6a302000000'`, /its hash differs/],
  ] as const) {
    await tamper(set)
    const found = await ask(viewer, 'GET', path)
    assert.equal(found.holds, false, set)
    assert.match(found.findings.join(' '), finding)
    assert.ok(!/[0-9a-f]{8}-/.test(found.findings.join(' ')), 'people and places are called by their names')
    await admin.query('update assignments.solver_runs set plan = $2, problem = $3 where id = $1', [
      ...[run.id, JSON.stringify(rows[0].plan), rows[0].problem],
    ])
  }
  assert.equal((await ask(viewer, 'GET', path)).holds, true)
})

const skills = ['cooking', 'sewing']
const person = fc.record({
  skills: fc.subarray(skills),
  maxAssignments: fc.integer({ min: 1, max: 3 }),
  availability: fc.constantFrom({}, {}, { monday: { '8:00': 'available' } }, { tuesday: { '8:00': 'available' } }),
})
const place = fc.record({
  requiredSkills: fc.subarray(skills, { maxLength: 1 }),
  requiredCount: fc.integer({ min: 1, max: 2 }),
  weekday: fc.constantFrom('monday', 'tuesday', null),
  mayBeShort: fc.constant(true),
  priority: fc.integer({ min: 1, max: 5 }),
})
const domains = fc.record({
  people: fc.array(person, { minLength: 4, maxLength: 7 }),
  places: fc.array(place, { minLength: 2, maxLength: 5 }),
  weeks: fc.array(fc.constantFrom('optimal', 'balanced_rotation', 'skill_based', 'random_assignment'), {
    minLength: 4,
    maxLength: 4,
  }),
})
const named = <T>(letter: string, all: readonly T[]) =>
  Object.fromEntries(all.map((each, at) => [`${letter}${at}`, each]))

test('VS-08 VS-11 planned again from what was kept, and from history, every round comes out the same, byte for byte', async () => {
  let replayed = 0
  await fc.assert(
    fc.asyncProperty(domains, async ({ people, places, weeks }) => {
      const house = await houseOf(named('P', people), named('T', places), {
        strategy_parameters: { rotation_weight: 0.7, balance_weight: 0.3 },
      })
      const made: { id: string; run: Run }[] = []
      for (const [week, strategy] of weeks.entries()) {
        const id = await house.round({
          ...{ assignmentDate: `2027-03-${String(1 + 7 * week).padStart(2, '0')}`, endsOn: null },
          ...{ seed: week, strategyUsed: strategy },
        })
        const configuration = strategy === 'balanced_rotation' ? {} : { strategy_parameters: {} }
        const { id: runId, status } = await ask(alice, 'POST', `/assignments/${id}/runs`, { configuration })
        // On a busy machine it takes longer than somebody waits.
        if (status === 'queued') await runJobs(world)
        made.push({ id, run: await ask(alice, 'GET', `/assignments/${id}/runs/${runId}`) })
      }
      for (const { id, run } of made) {
        const again = await replayRun(tx, id, run.id)
        assert.ok(again.isSame, `${run.strategy}: ${again.reason}`)
        const { rows } = await admin.query(
          'select problem_hash as hash, parameters as configuration, plan from assignments.solver_runs where id = $1',
          [run.id],
        )
        const [{ hash, configuration, plan }] = rows
        const changes = { seed: run.seed, configuration }
        const round = await readyRound(tx, id, { timeZone: 'UTC', changes })
        const packed = await packProblem(await givenOf(tx, id, round, run))
        assert.ok(packed.hash.equals(hash), `${run.strategy}: the problem comes out of history as it was`)
        assert.equal(bytesOf(again.plan), bytesOf(plan))
        replayed++
      }
    }),
    { numRuns: 2, seed: 8, endOnFailure: true },
  )
  assert.equal(replayed, 8)
})
