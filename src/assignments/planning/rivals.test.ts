// What several do to a round at once, and how much of the engine one workspace may take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '#platform/database'
import { admin, alice, app, ask, bob, call, houseOf } from './planning.test.world.ts'
import { slow } from './run-jobs.test.slow.ts'
import { solveRun, solveRunJob } from './run-jobs.ts'
import { LongPlace, Turns } from './turns.ts'

const people = { Anna: {}, Ben: {}, Cleo: {}, Dora: {} }
const house = await houseOf(people, { Kitchen: {}, Garden: {} })
const codes = (answers: readonly { status: number; json: { code?: string } }[]) =>
  answers.map(({ status, json }) => (status < 300 ? 'done' : json.code)).toSorted()
/** What a round says of itself is what its plans say: each number once, the last of them the people who are on something. */
async function assertConsistent(id: string) {
  const { rows } = await admin.query(
    `select
       revision = (select count(*) from assignments.assignment_revisions as r where r.assignment_id = a.id)
         and revision = (select coalesce(max(number), 0) from assignments.assignment_revisions as r where r.assignment_id = a.id)
         as counted,
       (select coalesce(array_agg(participant_id || ' ' || target_id order by participant_id, target_id), '{}')
        from assignments.assignment_details as d where d.assignment_id = a.id)
       = (select coalesce(array_agg(participant_id || ' ' || target_id order by participant_id, target_id), '{}')
          from assignments.revision_details as d where d.assignment_id = a.id and d.number = a.revision) as same
     from assignments.assignments as a where id = $1`,
    [id],
  )
  assert.deepEqual(rows, [{ counted: true, same: true }])
}

test('VS-09 VS-10 of two who accept, move, publish, undo or lock at once each finds what the other has made', async () => {
  const id = await house.round()
  const path = `/assignments/${id}`
  await ask(alice, 'POST', `${path}/runs`, {})
  const { id: runId } = await ask(alice, 'POST', `${path}/runs`, { accept: false })
  const accept = () => call(alice, 'POST', `${path}/runs/${runId}/acceptance`)
  assert.deepEqual(codes(await Promise.all([accept(), accept(), accept()])), [
    'assignments.run_accepted',
    'assignments.run_accepted',
    'done',
  ])
  await assertConsistent(id)

  const idle = async () => {
    const board = (await house.board(id)).join(' ')
    return Object.keys(people).find(name => !board.includes(name)) ?? ''
  }
  const move = async (who: string, revision?: number) => {
    const [line = ''] = (await house.board(id)).filter(each => each.startsWith('Kitchen'))
    const cook = line.split(': ')[1] ?? ''
    const changes = [
      { kind: 'remove', participantId: house.people[cook], targetId: house.places.Kitchen },
      { kind: 'add', participantId: house.people[who], targetId: house.places.Kitchen },
    ]
    return () => call(alice, 'POST', `${path}/moves`, { changes, ...(revision !== undefined && { revision }) })
  }
  const [one, other] = [await move(await idle(), 2), await move(await idle(), 2)]
  assert.deepEqual(codes(await Promise.all([one(), other()])), ['assignments.assignment_changed', 'done'])

  const { id: later } = await ask(alice, 'POST', `${path}/runs`, { accept: false })
  const moved = await move(await idle())
  const [accepted, made] = await Promise.all([call(alice, 'POST', `${path}/runs/${later}/acceptance`), moved()])
  assert.ok(accepted.status === 200 || accepted.json.code === 'assignments.run_outdated', JSON.stringify(accepted.json))
  assert.ok(made.status === 200 || made.json.code.startsWith('assignments.move_'), JSON.stringify(made.json))
  await assertConsistent(id)

  const swap = await move(await idle())
  const [published, swapped, undone] = await Promise.all([
    call(alice, 'POST', `${path}/publication`),
    swap(),
    call(alice, 'POST', `${path}/undo`),
  ])
  assert.equal(published.status, 200, JSON.stringify(published.json))
  for (const each of [swapped, undone])
    assert.ok(each.status === 200 || each.status === 409, `${each.status} ${JSON.stringify(each.json)}`)
  await assertConsistent(id)

  const late = await move(await idle())
  const [locked, tried] = await Promise.all([call(alice, 'PATCH', path, { isLocked: true }), late()])
  assert.equal(locked.status, 200)
  assert.ok(tried.status === 200 || tried.json.code === 'assignments.assignment_locked', JSON.stringify(tried.json))
  assert.equal((await late()).json.code, 'assignments.assignment_locked')
  await assertConsistent(id)
})

test('VS-10 plans of a round are numbered 1, 2, 3: the database lets nobody leave one out, take one away or say another number', async () => {
  const id = await house.round()
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  const scope = { tenantId: alice.tenantId, userId: alice.userId }
  const write = (...statements: ReturnType<typeof sql>[]) =>
    app.db.transaction(scope, async tx => {
      for (const statement of statements) await tx.run(statement)
    })
  const count = (to: number) => sql`update assignments.assignments set revision = ${to} where id = ${id}`
  const revise = (number: number) =>
    sql`insert into assignments.assignment_revisions (assignment_id, number, action) values (${id}, ${number}, 'edit')`
  const gap = { code: '23514', constraint: 'assignment_revisions_without_gaps' }
  const other = { code: '23514', constraint: 'assignments_revision_latest' }
  await assert.rejects(write(count(3), revise(3)), gap)
  await assert.rejects(write(revise(1)), gap)
  await assert.rejects(write(revise(2)), other)
  await assert.rejects(write(count(2)), other)
  await assert.rejects(write(count(0)), other)
  await assert.rejects(
    write(sql`
      insert into assignments.assignments (domain_id, strategy_used, revision) values (${house.domainId}, 'optimal', 4)
    `),
    other,
  )
  for (const table of ['assignment_revisions', 'revision_details'])
    await assert.rejects(write(sql`delete from ${sql.raw(`assignments.${table}`)} where assignment_id = ${id}`), {
      code: '42501',
    })
  await write(revise(2), count(2), revise(3), count(3))
  assert.equal((await ask(alice, 'GET', `/assignments/${id}`)).revision, 3, 'the control')
  await ask(alice, 'DELETE', `/assignments/${id}`)
  const { rows } = await admin.query('select from assignments.assignment_revisions where assignment_id = $1', [id])
  assert.equal(rows.length, 0, 'they go with it')
})

test('VS-11 GG-16 a round that is deleted, and somebody who is erased, while a run is at work, leave nothing behind and break nothing', async () => {
  slow.lasts = true
  const mine = await houseOf({ Eva: {} }, { Attic: {} }, { strategy: 'slow_test' })
  const begin = async () => {
    const id = await mine.round()
    const { id: runId } = await ask(alice, 'POST', `/assignments/${id}/runs`, { seconds: 600 })
    const before = slow.begun
    const work = solveRunJob.run({ tenantId: alice.tenantId, assignmentId: id, runId }, app)
    while (slow.begun === before) await sleep(20)
    return { id, runId, work }
  }
  const gone = await begin()
  assert.equal((await call(alice, 'DELETE', `/assignments/${gone.id}`)).status, 204)
  await gone.work
  assert.equal((await call(alice, 'GET', `/assignments/${gone.id}/runs/${gone.runId}`)).status, 404)
  const { rows } = await admin.query('select id from assignments.solver_runs where id = $1', [gone.runId])
  assert.deepEqual(rows, [])

  const erased = await begin()
  await ask(alice, 'POST', `/participants/${mine.people.Eva}/erasure`)
  await ask(alice, 'POST', `/assignments/${erased.id}/runs/${erased.runId}/stop`)
  await erased.work
  const run = await ask(alice, 'GET', `/assignments/${erased.id}/runs/${erased.runId}`)
  assert.deepEqual([run.status, run.acceptedRevision], ['stopped', null], JSON.stringify(run))
  assert.ok(!JSON.stringify(run).includes('Eva'))
  assert.deepEqual(await mine.board(erased.id), [])
  const kept = await admin.query('select t::text as row from assignments.solver_runs as t where id = $1', [
    erased.runId,
  ])
  assert.ok(!kept.rows[0].row.includes('Eva'))
})

test('VS-11 AG-01 a workspace has at most 20 runs under way, one of them at work in a process, and keeps no other waiting', async () => {
  slow.lasts = true
  const mine = await houseOf({ Fred: {} }, { Attic: {} }, { strategy: 'slow_test' })
  const theirs = await houseOf({ Gina: {} }, { Ward: {} }, {}, bob)
  const runs: { id: string; runId: string }[] = []
  for (let number = 0; number < 20; number++) {
    const id = await mine.round()
    const { id: runId, status } = await ask(alice, 'POST', `/assignments/${id}/runs`, { seconds: 600 })
    assert.equal(status, 'queued')
    runs.push({ id, runId })
  }
  const more = await call(alice, 'POST', `/assignments/${await mine.round()}/runs`, { seconds: 600 })
  assert.deepEqual([more.status, more.json.code], [429, 'assignments.runs_too_many'])
  const { id: ofBob } = await ask(bob, 'POST', '/assignments', { domainId: theirs.domainId })
  assert.equal((await ask(bob, 'POST', `/assignments/${ofBob}/runs`, { seconds: 60 })).status, 'queued')

  const [first, second] = runs as [(typeof runs)[0], (typeof runs)[0]]
  const workOf = ({ id, runId }: typeof first) => ({ tenantId: alice.tenantId, assignmentId: id, runId })
  const before = slow.begun
  const working = solveRunJob.run(workOf(first), app)
  while (slow.begun === before) await sleep(20)
  const jobsOf = async (runId: string) =>
    (await admin.query(`select start_after > now() as later from jobs.job where data ->> 'runId' = $1`, [runId])).rows
  assert.equal((await jobsOf(second.runId)).length, 1, 'control')
  await solveRunJob.run(workOf(second), app)
  assert.equal((await ask(alice, 'GET', `/assignments/${second.id}/runs/${second.runId}`)).status, 'queued')
  const waiting = await jobsOf(second.runId)
  assert.deepEqual([waiting.length, waiting.filter(({ later }) => later).length], [2, 1], 'it is looked at again')
  const [run] = (await ask(bob, 'GET', `/assignments/${ofBob}/runs`)).items
  await solveRunJob.run({ tenantId: bob.tenantId, assignmentId: ofBob, runId: run.id }, app)
  assert.equal((await ask(bob, 'GET', `/assignments/${ofBob}/runs/${run.id}`)).status, 'done', 'beside it')
  for (const { id, runId } of runs) await ask(alice, 'POST', `/assignments/${id}/runs/${runId}/stop`)
  await working
  const { rows } = await admin.query(
    `select count(*)::integer as open, bool_and(seconds <= 10800) as limited from assignments.solver_runs
     where tenant_id = $1 and (status in ('queued', 'running') or id = $2)`,
    [alice.tenantId, first.runId],
  )
  assert.deepEqual(rows, [{ open: 1, limited: true }])
})

test('VS-11 turns are given to each up to his part and to all together up to theirs, in order, and given back when work fails', async () => {
  const turns = new Turns({ most: 2, mostOfOne: 1, longestWait: 200 })
  const { promise, resolve } = Promise.withResolvers<void>()
  const begun: string[] = []
  const work = (name: string) => async () => {
    begun.push(name)
    await promise
    return name
  }
  const taken = [turns.during('a', work('a 1')), turns.during('b', work('b 1'))]
  assert.equal(await turns.during('a', work('a in vain')), undefined)
  const waiting = ['a 2', 'b 2', 'a 3'].map(name => turns.during(name.slice(0, 1), work(name)))
  assert.deepEqual(begun, ['a 1', 'b 1'])
  resolve()
  assert.deepEqual(await Promise.all([...taken, ...waiting]), ['a 1', 'b 1', 'a 2', 'b 2', 'a 3'])
  assert.deepEqual(begun, ['a 1', 'b 1', 'a 2', 'b 2', 'a 3'])
  await assert.rejects(
    turns.during('a', () => Promise.reject(new Error('it fails'))),
    /it fails/,
  )
  assert.equal(await turns.during('a', work('a 4')), 'a 4')
})

test('VS-11 what takes long gives its place to others while the one for long searches is taken, and its best plan is kept', async () => {
  const theirs = await houseOf({ Hugo: {} }, { Ward: {} }, { strategy: 'slow_test' }, bob)
  const mine = await houseOf({ Ida: {} }, { Attic: {} }, { strategy: 'slow_test' })
  const places = { long: new LongPlace(), shortMs: 100 }
  const begin = async (person: typeof alice, of: typeof mine) => {
    const { id } = await ask(person, 'POST', '/assignments', { domainId: of.domainId })
    const { id: runId } = await ask(person, 'POST', `/assignments/${id}/runs`, { seconds: 20 })
    const path = `/assignments/${id}/runs/${runId}`
    return {
      work: () => solveRun(app, { tenantId: person.tenantId, userId: person.userId }, id, runId, places),
      stop: () => ask(person, 'POST', `${path}/stop`),
      read: () => ask(person, 'GET', path),
    }
  }
  const rowOf = async ({ read }: { read: () => Promise<{ id: string }> }) =>
    (
      await admin.query(
        'select status, is_long, attempt, best_pairs is not null as is_kept from assignments.solver_runs where id = $1',
        [(await read()).id],
      )
    ).rows[0]
  Object.assign(slow, { lasts: true, proves: false })
  const [long, other] = [await begin(alice, mine), await begin(bob, theirs)]
  const working = long.work()
  while (!(await rowOf(long)).is_kept) await sleep(20)
  assert.equal(await other.work(), 'waits')
  assert.deepEqual(await rowOf(other), { status: 'queued', is_long: true, attempt: 0, is_kept: true })
  assert.equal(await other.work(), 'waits', 'it does not even begin')
  assert.deepEqual((await rowOf(long)).status, 'running', 'who has the place is left alone')

  assert.deepEqual([(await other.stop()).status, (await other.read()).isStopping], ['queued', true])
  assert.equal(await other.work(), 'ended')
  const stopped = await other.read()
  assert.deepEqual([stopped.status, stopped.planStatus], ['stopped', 'feasible'], 'with what it had found')
  await long.stop()
  assert.equal(await working, 'ended')
  const next = await begin(bob, theirs)
  const nextWorking = next.work()
  await sleep(400)
  assert.equal((await next.read()).status, 'running', 'the place is free again')
  await next.stop()
  assert.equal(await nextWorking, 'ended')
  slow.proves = true
})

test('VS-11 of those who want the place for long searches whoever had it longest ago gets it', () => {
  const place = new LongPlace()
  assert.equal(place.take('one', 0), true)
  assert.deepEqual([place.take('one', 1), place.take('other', 1)], [false, false], 'it is taken')
  place.giveBack(2)
  assert.equal(place.take('one', 3), false, 'another waits who never had it')
  assert.equal(place.take('third', 4), true, 'he neither')
  place.giveBack(5)
  assert.equal(place.take('one', 6), false)
  assert.equal(place.take('other', 7), true)
  place.giveBack(8)
  assert.equal(place.take('other', 9), false, 'one asked for it, and had it longer ago')
  assert.equal(place.take('other', 40_000), true, 'nobody asks any more')
})
