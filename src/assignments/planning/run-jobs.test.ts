import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runJobs } from '#test/jobs.ts'
import { admin, alice, app, ask, bob, call, houseOf, viewer, world } from './planning.test.world.ts'
import { slow } from './run-jobs.test.slow.ts'
import { solveRun } from './run-jobs.ts'

const house = await houseOf({ Anna: {}, Ben: {}, Cleo: {} }, { Kitchen: {}, Garden: {} }, { strategy: 'slow_test' })
const queue = async (fields: object = {}) => {
  const id = await house.round()
  const { id: runId, status } = await ask(alice, 'POST', `/assignments/${id}/runs`, { seconds: 600, ...fields })
  assert.equal(status, 'queued')
  return { id, runId: runId as string, path: `/assignments/${id}/runs/${runId}` }
}
const until = async <T>(look: () => Promise<T | undefined | false>): Promise<T> => {
  for (;;) {
    const found = await look()
    if (found) return found
    await sleep(50)
  }
}

/** Of all runs of a round, who is told what by whose link. */
const toldOf = async (assignmentId: string) =>
  (
    await admin.query(
      `select user_id, title, message, link from notifications.notifications
       where kind = 'assignments.run_ended' and data ->> 'assignmentId' = $1 order by created_at, id`,
      [assignmentId],
    )
  ).rows

test('VS-08 VS-11 AG-01 a long run is a job: followed while it runs, stopped with the best plan so far, one at a time for a round', async () => {
  slow.lasts = true
  const { id, path } = await queue()
  const second = await call(alice, 'POST', `/assignments/${id}/runs`, {})
  assert.deepEqual([second.status, second.json.code], [409, 'assignments.run_under_way'])
  assert.equal((await call(alice, 'POST', `${path}/acceptance`)).json.code, 'assignments.run_unfinished')
  assert.equal((await call(alice, 'GET', `${path}/check`)).json.code, 'assignments.run_unfinished')
  const jobs = runJobs(world)
  const running = await until(async () => {
    const run = await ask(viewer, 'GET', path)
    return run.progress.length > 0 && run
  })
  assert.deepEqual([running.status, running.finishedAt, running.gap], ['running', null, 0], JSON.stringify(running))
  assert.equal(running.cost, running.progress[0].cost)
  assert.equal((await call(alice, 'POST', `/assignments/${id}/runs`, {})).json.code, 'assignments.run_under_way')
  assert.equal((await call(bob, 'POST', `${path}/stop`)).status, 404)
  assert.equal((await call(viewer, 'POST', `${path}/stop`)).status, 403)
  assert.equal((await ask(alice, 'POST', `${path}/stop`)).isStopping, true)
  assert.ok((await jobs).includes('assignments.solve-run'))
  const stopped = await ask(viewer, 'GET', path)
  assert.deepEqual(
    [stopped.status, stopped.planStatus, stopped.acceptedRevision, stopped.isStopping, stopped.fault],
    ['stopped', 'optimal', 1, false, null],
    JSON.stringify(stopped),
  )
  assert.equal((await house.board(id)).length, 2, 'what it had found is the plan')
  assert.equal((await ask(alice, 'POST', `${path}/stop`)).status, 'stopped', 'twice changes nothing')
  assert.equal((await ask(viewer, 'GET', `${path}/check`)).holds, true)
  assert.deepEqual(await toldOf(id), [], 'who has stopped it knows')
})

test('VS-11 what waits is stopped at once; what was changed while it ran is left as it is, and the answer stays a proposal', async () => {
  slow.lasts = false
  const waiting = await queue()
  const ended = await ask(alice, 'POST', `${waiting.path}/stop`)
  assert.deepEqual([ended.status, ended.fault], ['stopped', 'It was stopped before it began.'])
  const begun = slow.begun
  await runJobs(world)
  assert.equal(slow.begun, begun, 'nothing is solved that was stopped')
  assert.equal((await ask(viewer, 'GET', waiting.path)).status, 'stopped')

  slow.lasts = true
  const { id, path } = await queue()
  const jobs = runJobs(world)
  await until(async () => (await ask(viewer, 'GET', path)).progress.length > 0)
  await ask(alice, 'POST', `/assignments/${id}/details`, {
    ...{ participantId: house.people.Ben, targetId: house.places.Kitchen },
  })
  await ask(alice, 'POST', `${path}/stop`)
  await jobs
  const run = await ask(viewer, 'GET', path)
  assert.deepEqual([run.status, run.planStatus, run.acceptedRevision], ['stopped', 'optimal', null])
  assert.match(run.notes.at(-1), /not taken over by itself: .* had revision 0, and has 1/)
  assert.deepEqual(await house.board(id), ['Kitchen: Ben'], 'what somebody did meanwhile holds')
})

/** Has a run taken up by a process that is killed once its best plan is in the database. */
const scope = { tenantId: alice.tenantId, userId: alice.userId }
const killIn = async (id: string, runId: string) => {
  const doomed = fork(
    new URL('./run-jobs.test.doomed.ts', import.meta.url),
    [JSON.stringify(world.login), JSON.stringify(scope), id, runId],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  )
  await once(doomed, 'message')
  const kept = await until(async () => {
    const { rows } = await admin.query('select problem_hash, best_pairs from assignments.solver_runs where id = $1', [
      runId,
    ])
    return rows[0].best_pairs && rows[0]
  })
  doomed.kill('SIGKILL')
  await once(doomed, 'exit')
  return kept as { problem_hash: Buffer; best_pairs: Buffer }
}

test('VS-11 a run whose worker is killed in a search is taken up again with what was kept, and the killed one writes no more', async () => {
  slow.lasts = true
  const { id, runId, path } = await queue()
  const kept = await killIn(id, runId)
  const left = await ask(viewer, 'GET', path)
  assert.equal(left.status, 'running', 'nobody could say that it ended')
  slow.lasts = false
  await solveRun(app, scope, id, runId)
  const done = await ask(viewer, 'GET', path)
  assert.deepEqual([done.status, done.acceptedRevision, done.fault], ['done', 1, null], JSON.stringify(done))
  const after = await admin.query(
    'select attempt, problem_hash, best_pairs from assignments.solver_runs where id = $1',
    [runId],
  )
  assert.deepEqual(after.rows, [{ attempt: 2, problem_hash: kept.problem_hash, best_pairs: null }])
  await solveRun(app, scope, id, runId)
  assert.deepEqual(await ask(viewer, 'GET', path), done, 'what has ended is not done again')
  assert.deepEqual(await toldOf(id), [
    {
      user_id: alice.userId,
      title: 'The round of 8 to 14 March 2027 is planned',
      message: 'No plan costs less.',
      link: path,
    },
  ])
})

test('VS-11 the best plan so far outlives its worker: whoever takes the run up, or stops it on another server, answers with it', async () => {
  const answerOf = async (take: (run: { id: string; runId: string; path: string }) => Promise<unknown>) => {
    slow.lasts = true
    const { id, runId, path } = await queue({ accept: false })
    await take({ id, runId, path })
    Object.assign(slow, { lasts: false, finds: false })
    await solveRun(app, scope, id, runId)
    slow.finds = true
    const run = await ask(viewer, 'GET', path)
    const { items } = await ask(viewer, 'GET', `${path}/details`)
    assert.equal((await ask(viewer, 'GET', `${path}/check`)).holds, true)
    return { ...run, places: items.length }
  }
  let bytes: Buffer | undefined
  const takenUp = await answerOf(async ({ id, runId }) => {
    bytes = (await killIn(id, runId)).best_pairs
  })
  assert.deepEqual(
    [takenUp.status, takenUp.planStatus, takenUp.places],
    ['done', 'optimal', 2],
    JSON.stringify(takenUp),
  )
  const asKilled = (runId: string, attempt: number) =>
    admin.query(`update assignments.solver_runs set status = 'running', attempt = $3, best_pairs = $2 where id = $1`, [
      runId,
      bytes,
      attempt,
    ])
  const stopped = await answerOf(async ({ runId, path }) => {
    await asKilled(runId, 1)
    await ask(alice, 'POST', `${path}/stop`)
  })
  assert.deepEqual([stopped.status, stopped.planStatus, stopped.places], ['stopped', 'optimal', 2])
  const givenUp = await answerOf(({ runId }) => asKilled(runId, 3))
  assert.deepEqual([givenUp.status, givenUp.places], ['stopped', 2])
  assert.match(givenUp.notes.at(-1), /ended 3 times while it was planned. This is the best plan/)
})

test('VS-11 who asked for a long run is told when it has ended without a plan, or with one that waits for him; who waited is not', async () => {
  slow.lasts = false
  const tell = async (fields: object, prepare: (id: string) => Promise<unknown> = async () => {}) => {
    const { id } = await queue(fields)
    await prepare(id)
    await runJobs(world)
    return (await toldOf(id)).map(each => each.title)
  }
  const round = 'The round of 8 to 14 March 2027'
  assert.deepEqual(await tell({ accept: false }), [`${round} has a plan that waits for you to accept it`])
  await ask(alice, 'PATCH', `/assignment-targets/${house.places.Garden}`, { requiredCount: 4, maximumCount: 4 })
  assert.deepEqual(await tell({}), [`${round} cannot be planned as it is`])
  await ask(alice, 'PATCH', `/assignment-targets/${house.places.Garden}`, { requiredCount: 1, maximumCount: 1 })
  const id = await house.round()
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  assert.deepEqual(await toldOf(id), [])
})

test('VS-11 a round that kills its worker each time, or cannot be read, ends as failed with the reason', async () => {
  const { id, runId, path } = await queue()
  await admin.query(`update assignments.solver_runs set status = 'running', attempt = 3 where id = $1`, [runId])
  await solveRun(app, scope, id, runId)
  const failed = await ask(viewer, 'GET', path)
  assert.deepEqual([failed.status, failed.acceptedRevision], ['failed', null])
  assert.match(failed.fault, /ended 3 times/)
  assert.deepEqual(
    (await toldOf(id)).map(each => each.title),
    ['The round of 8 to 14 March 2027 could not be planned'],
  )

  const pinned = await queue()
  await ask(alice, 'PUT', `/assignments/${pinned.id}/pins/${house.people.Anna}/${house.places.Kitchen}`)
  await ask(alice, 'PATCH', `/assignment-targets/${house.places.Kitchen}`, { requiredSkills: ['cooking'] })
  await solveRun(app, scope, pinned.id, pinned.runId)
  const refused = await ask(viewer, 'GET', pinned.path)
  assert.equal(refused.status, 'failed')
  assert.equal(refused.fault, 'Anna is pinned on Kitchen, which cannot be. Take the pin away.')
  const kept = await admin.query('select fault from assignments.solver_runs where id = $1', [pinned.runId])
  assert.ok(!kept.rows[0].fault.includes('Anna'), 'names are looked up, so that an erased one is gone here too')
  await ask(alice, 'PATCH', `/assignment-targets/${house.places.Kitchen}`, { requiredSkills: [] })
})
