import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { admin, alice, ask, bob, call, houseOf, viewer, world } from './planning.test.world.ts'

const five = { Anna: {}, Ben: {}, Cleo: {}, Dora: {}, Emil: {} }
const skills = { skills: ['cooking'] }

test('VS-09 VS-11 AG-01 who drops out of a published round is replaced, nobody else moves, and it waits until somebody accepts it', async () => {
  const house = await houseOf(
    { ...five, Anna: skills, Ben: skills },
    { Kitchen: { requiredSkills: ['cooking'] }, Garden: {}, Stairs: {} },
  )
  const id = await house.round()
  const publication = `/assignments/${id}/publication`
  assert.equal((await call(alice, 'POST', publication)).json.code, 'assignments.publication_empty')
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  assert.equal((await call(viewer, 'POST', publication)).status, 403)
  assert.equal((await call(bob, 'POST', publication)).status, 404)
  const published = await ask(alice, 'POST', publication)
  assert.ok(published.publishedAt)
  assert.equal((await ask(alice, 'POST', publication)).publishedAt, published.publishedAt, 'once')
  const byHand = await call(alice, 'POST', `/assignments/${id}/details`, {
    ...{ participantId: house.people.Emil, targetId: house.places.Garden },
  })
  assert.equal(byHand.json.code, 'assignments.assignment_published')
  const before = await house.board(id)
  const cook = before.find(line => line.startsWith('Kitchen'))?.split(': ')[1] ?? ''
  const [other = ''] = ['Anna', 'Ben'].filter(name => name !== cook)

  const path = `/assignments/${id}/drop-outs`
  const report = { participantId: house.people[cook], reason: 'Flu' }
  for (const [person, status] of [
    [viewer, 403],
    [bob, 404],
  ] as const)
    assert.equal((await call(person, 'POST', path, report)).status, status)
  const dropOut = await ask(alice, 'POST', path, report)
  assert.deepEqual([dropOut.participantName, dropOut.targetId, dropOut.resolvedRevision], [cook, null, null])
  assert.equal((await call(alice, 'POST', path, report)).json.code, 'assignments.drop_out_known')
  const idle = Object.keys(five).find(name => !before.some(line => line.endsWith(` ${name}`))) ?? ''
  const onNothing = await call(alice, 'POST', path, { participantId: house.people[idle] })
  assert.equal(onNothing.json.code, 'assignments.drop_out_from_nothing')
  assert.equal((await call(bob, 'GET', path)).status, 404)
  const logged = await admin.query(
    `select row_to_json(log)::text as row from audit.audit_logs as log where resource_id = $1`,
    [dropOut.id],
  )
  assert.ok(
    logged.rows.length > 0 && logged.rows.every(({ row }) => !row.includes('Flu')),
    'reasons are not in the log',
  )
  const why = await ask(
    viewer,
    'GET',
    `/assignments/${id}/reasons?participantId=${house.people[cook]}&targetId=${house.places.Kitchen}`,
  )
  assert.deepEqual([why.isPossible, why.reasons[0].message], [false, `${cook} has dropped out of this round.`])

  const run = await ask(alice, 'POST', `/assignments/${id}/runs`, { kind: 'replan' })
  assert.deepEqual([run.status, run.kind, run.acceptedRevision], ['done', 'replan', null], JSON.stringify(run))
  assert.deepEqual(await house.board(id), before, 'until somebody accepts it')
  const otherIsOn = before.some(line => line.endsWith(` ${other}`))
  assert.equal(run.notes[0], otherIsOn ? run.notes[0] : 'Nobody else has to move.')
  await ask(alice, 'POST', `/assignments/${id}/runs/${run.id}/acceptance`)
  const after = await house.board(id)
  assert.ok(after.includes(`Kitchen: ${other}`), after.join(', '))
  assert.ok(!after.some(line => line.includes(cook)))
  const { items } = await ask(alice, 'GET', path)
  assert.deepEqual(
    items.map((each: { resolvedRevision: number; reason: string }) => [each.resolvedRevision, each.reason]),
    [[2, 'Flu']],
  )
  const back = await call(alice, 'POST', `/assignments/${id}/undo`)
  assert.equal(back.json.code, 'assignments.move_refused', 'undo does not bring back who cannot come')
  for (const person of [bob, viewer])
    assert.equal((await call(person, 'DELETE', `${path}/${dropOut.id}`)).status, person === bob ? 404 : 403)
  assert.equal((await call(alice, 'DELETE', `${path}/${dropOut.id}`)).status, 204)
  assert.equal((await call(alice, 'POST', `/assignments/${id}/undo`)).status, 200, 'he can come after all')
  assert.ok((await runJobs(world)).includes('assignments.tell-round'), 'whom it concerns is told')
})

test('VS-09 VS-11 a replan gives up no more of a plan than it must, whatever a new plan would', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `P${String(at).padStart(2, '0')}`)
  const house = await houseOf(
    Object.fromEntries(names.map(name => [name, { maxAssignments: 1 }])),
    Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`T${at}`, {}])),
  )
  const id = await house.round()
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  const before = await house.board(id)
  const gone = before.slice(0, 2).map(line => line.split(': ')[1] ?? '')
  for (const name of gone)
    await ask(alice, 'POST', `/assignments/${id}/drop-outs`, { participantId: house.people[name] })
  const run = await ask(alice, 'POST', `/assignments/${id}/runs`, { kind: 'replan' })
  assert.deepEqual([run.acceptedRevision, run.notes[0]], [2, 'Nobody else has to move.'])
  const after = await house.board(id)
  assert.deepEqual(after.slice(2), before.slice(2), 'all others are where they were')
  assert.equal(after.length, 9)
  const { changes } = await ask(alice, 'GET', `/assignments/${id}/comparison?from=1`)
  assert.equal(changes.length, 4, 'two went and two came')
})
