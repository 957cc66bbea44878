import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandsOn, runCommand } from '#test/commands.ts'
import { admin, alice, app, bob, houseOf, viewer } from '../planning/planning.test.world.ts'
import { slow } from '../planning/run-jobs.test.slow.ts'
import { solveRun } from '../planning/run-jobs.ts'
import { registerPlanCommands } from './plan-commands.ts'

const assignments = (words: readonly string[], person = alice) =>
  runCommand(commandsOn(app, registerPlanCommands), [...words, '--tenant', person.tenantId, '--user', person.userId])

test('VS-11 VS-15 AG-01 a round is planned, shown, checked, played again, compared and published from the command line', async () => {
  const house = await houseOf({ Anna: {}, Ben: {} }, { Kitchen: {}, Door: {} })
  const { rows } = await admin.query('select name from assignments.domains where id = $1', [house.domainId])
  const made = await assignments([
    'plan',
    '--domain',
    rows[0].name,
    '--date',
    '2027-03-08',
    '--until',
    '2027-03-14',
    '--json',
  ])
  assert.equal(made.exitCode, undefined, made.written)
  const run = JSON.parse(made.written)
  assert.deepEqual([run.status, run.planStatus, run.gap, run.acceptedRevision], ['done', 'optimal', 0, 1])
  const id = run.assignmentId

  const shown = (await assignments(['show', id])).written
  assert.match(shown, /2027-03-08 to 2027-03-14, draft, optimal/)
  assert.match(shown, /^ {2}Door: (Anna|Ben)$/m)
  assert.match((await assignments(['check', id])).written, /^It holds\.\n/)
  const checked = await assignments(['check', id, '--run', 'last', '--json'])
  assert.deepEqual([checked.exitCode, JSON.parse(checked.written).holds], [undefined, true])
  assert.match((await assignments(['replay', id])).written, /the same, byte for byte/)

  const proposal = await assignments([
    'plan',
    id,
    '--strategy',
    'random_assignment',
    '--seed',
    '7',
    '--proposal',
    '--json',
  ])
  assert.deepEqual(
    [JSON.parse(proposal.written).strategy, JSON.parse(proposal.written).acceptedRevision],
    ['random_assignment', null],
  )
  const compared = JSON.parse((await assignments(['compare', id, '--from', '1', '--run', 'last', '--json'])).written)
  assert.deepEqual([compared.from.detailCount, compared.to.detailCount], [2, 2])
  assert.match((await assignments(['compare', id])).written, /nobody moves/)
  assert.match((await assignments(['publish', id])).written, /is published: 2 people are told/)
  assert.equal(JSON.parse((await assignments(['replan', id, '--json'])).written).kind, 'replan')

  for (const command of ['show', 'check', 'compare', 'replay', 'plan', 'replan', 'publish'])
    await assert.rejects(assignments([command, id], bob), { kind: 'not_found' }, `${command} as the other tenant`)
  for (const command of ['plan', 'replan', 'publish'])
    await assert.rejects(assignments([command, id], viewer), { kind: 'forbidden' }, `${command} as who only looks on`)
  assert.match((await assignments(['show', id], viewer)).written, /published/)
})

test('VS-11 VS-15 commands say by their exit code that there is no plan, and that something does not hold', async () => {
  const house = await houseOf({ Anna: {} }, { Kitchen: { requiredCount: 2 } })
  const id = await house.round()
  const none = await assignments(['plan', id])
  assert.equal(none.exitCode, 6)
  assert.match(none.written, /infeasible[\s\S]*These cannot be met together:\n {2}\S/)
  assert.match(none.written, /It would be mended by:\n {2}\S/)
  const check = await assignments(['check', id])
  assert.deepEqual([check.exitCode, /does not hold:\n {2}\S/.test(check.written)], [3, true])

  const good = await houseOf({ Anna: {} }, { Kitchen: {} })
  const round = await good.round()
  const long = await assignments(['plan', round, '--seconds', '20', '--json'])
  assert.equal(JSON.parse(long.written).status, 'done', 'what a server would do later is done here')
  await admin.query(
    `update assignments.solver_runs set plan = jsonb_set(plan, '{cost}', '-1') where assignment_id = $1`,
    [round],
  )
  assert.equal((await assignments(['check', round, '--run', 'last'])).exitCode, 3)
  const replayed = await assignments(['replay', round])
  assert.deepEqual([replayed.exitCode, /another plan/.test(replayed.written)], [3, true])
  for (const words of [
    ['plan'],
    ['plan', round, '--seed', 'x'],
    ['plan', round, '--domain', 'y'],
    ['compare', round, '--from', '-'],
  ])
    await assert.rejects(assignments(words), { exitCode: 2 }, words.join(' '))
})

test('VS-11 AG-01 a run that goes on in a server says by which command its end is seen', async () => {
  const house = await houseOf({ Anna: {} }, { Kitchen: {} }, { strategy: 'slow_test' })
  const id = await house.round()
  const begun = slow.begun
  const planning = assignments(['plan', id, '--seconds', '30'])
  while (slow.begun === begun) await sleep(20)
  // As a server does that takes the run up.
  await admin.query('update assignments.solver_runs set attempt = attempt + 1 where assignment_id = $1', [id])
  const { written, exitCode } = await planning
  assert.equal(exitCode, 6, written)
  const [, command = '', runId = ''] = /^ {2}(commonhold assignments show \S+ --run (\S+))$/m.exec(written) ?? []
  assert.match(written, /: running.*\nA server goes on with it/)
  slow.lasts = false
  await solveRun(app, { tenantId: alice.tenantId, userId: alice.userId }, id, runId)
  const ended = await assignments(command.split(' ').slice(2))
  assert.deepEqual([ended.exitCode, /: done, optimal/.test(ended.written)], [undefined, true], ended.written)
  assert.doesNotMatch(ended.written, /A server goes on/)
})
