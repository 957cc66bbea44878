import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runJobs } from '#test/jobs.ts'
import { admin, alice, ask, bob, call, houseOf, viewer, world } from './planning.test.world.ts'

const hostel = {
  people: { Anna: { skills: ['cooking'] }, Ben: {}, Cleo: {} },
  places: { Kitchen: { requiredSkills: ['cooking'] }, Garden: {}, Stairs: {} },
}
const hostelOf = (configuration = {}) => houseOf(hostel.people, hostel.places, configuration)
const run = (id: string, body: unknown = {}) => ask(alice, 'POST', `/assignments/${id}/runs`, body)

test('VS-08 VS-11 AG-01 a draft is planned while one waits: proved, accepted, a revision, with what the engine was given', async () => {
  const house = await hostelOf()
  const id = await house.round()
  const answer = await run(id)
  assert.deepEqual(
    [answer.status, answer.planStatus, answer.gap, answer.acceptedRevision, answer.kind, answer.fault],
    ['done', 'optimal', 0, 1, 'plan', null],
    JSON.stringify(answer),
  )
  assert.equal(answer.cost, answer.lowerBound)
  assert.equal(answer.progress.at(-1).cost, answer.cost)
  const round = await ask(alice, 'GET', `/assignments/${id}`)
  assert.deepEqual(
    [round.planStatus, round.cost, round.lowerBound, round.revision, round.engineVersion, round.detailCount],
    ['optimal', answer.cost, answer.cost, 1, answer.engineVersion, 3],
  )
  const board = await house.board(id)
  assert.ok(board.includes('Kitchen: Anna'), board.join(', '))
  assert.equal(new Set(board.map(line => line.split(': ')[1])).size, 3, 'each has one chore')
  const { rows } = await admin.query(
    `select octet_length(problem) > 0 as has_problem, octet_length(problem_hash) as hash, plan -> 'certificate' ->> 'kind' as kind
     from assignments.solver_runs where id = $1`,
    [answer.id],
  )
  assert.deepEqual(rows, [{ has_problem: true, hash: 32, kind: 'prices' }])
  const shares = await admin.query(
    `select eligible_count as count, fair_share as share from assignments.assignment_shares where assignment_id = $1
     order by eligible_count, fair_share`,
    [id],
  )
  assert.deepEqual(
    shares.rows.map(row => row.count),
    [2, 2, 3],
  )

  const path = `/assignments/${id}/runs`
  assert.deepEqual(
    (await ask(viewer, 'GET', path)).items.map((each: { id: string }) => each.id),
    [answer.id],
  )
  assert.deepEqual(await ask(viewer, 'GET', `${path}/${answer.id}`), answer)
  const pairs = await ask(viewer, 'GET', `${path}/${answer.id}/details?limit=2`)
  assert.equal(pairs.items.length, 2)
  const rest = await ask(viewer, 'GET', `${path}/${answer.id}/details?limit=2&cursor=${pairs.nextCursor}`)
  assert.deepEqual([rest.items.length, rest.nextCursor, rest.items[0].isNew], [1, null, false])
  for (const way of ['', `/${answer.id}`, `/${answer.id}/details`]) {
    const { status, json } = await call(bob, 'GET', path + way)
    assert.deepEqual(
      [status, json.code],
      [404, way === '' ? 'assignments.assignment_not_found' : 'assignments.run_not_found'],
    )
  }
  for (const way of ['', `/${answer.id}/stop`, `/${answer.id}/acceptance`]) {
    assert.equal((await call(viewer, 'POST', path + way, way === '' ? {} : undefined)).status, 403, way)
    assert.equal((await call(bob, 'POST', path + way, way === '' ? {} : undefined)).status, 404, way)
  }
  assert.equal((await run(id)).acceptedRevision, 2, 'the control: its owner plans it again')
})

test('VS-11 a proposal waits; it is refused once the round, a wish or a person has changed so that it no longer fits', async () => {
  const house = await hostelOf()
  const id = await house.round()
  const first = await run(id, { accept: false })
  assert.deepEqual([first.status, first.acceptedRevision, await house.board(id)], ['done', null, []])
  const second = await run(id, { accept: false })
  const accept = (runId: string) => call(alice, 'POST', `/assignments/${id}/runs/${runId}/acceptance`)
  assert.equal((await accept(first.id)).json.acceptedRevision, 1)
  assert.equal((await accept(first.id)).json.code, 'assignments.run_accepted')
  const outdated = await accept(second.id)
  assert.deepEqual([outdated.status, outdated.json.code], [409, 'assignments.run_outdated'])
  assert.match(outdated.json.detail, /had revision 0, and has 1/)

  const third = await run(id, { accept: false })
  await ask(alice, 'POST', `/participants/${house.people.Anna}/exceptions`, {
    ...{ startsOn: '2027-03-01', endsOn: '2027-03-31', isAvailable: false },
  })
  const broken = await accept(third.id)
  assert.deepEqual([broken.status, broken.json.code], [409, 'assignments.run_broken'], JSON.stringify(broken.json))
  assert.match(broken.json.detail, /Anna/)
  assert.equal((await ask(alice, 'GET', `/assignments/${id}`)).revision, 1, 'nothing was written')
})

test('VS-11 a round that cannot be says why in the words of its domain, with the smallest mend', async () => {
  const house = await houseOf(
    { Anna: { skills: ['first aid'] }, Ben: {} },
    { Door: { requiredCount: 2, requiredSkills: ['first aid'] }, Bar: {} },
  )
  const id = await house.round()
  const answer = await run(id)
  assert.deepEqual(
    [answer.status, answer.planStatus, answer.cost, answer.acceptedRevision],
    ['done', 'infeasible', null, null],
  )
  assert.deepEqual(
    answer.conflict.demands.map((each: { text: string }) => each.text),
    ['Door needs 2 house-mates.'],
  )
  assert.deepEqual(answer.conflict.mends, [
    {
      kind: 'addParticipants',
      text: 'One more house-mate with first aid for Door',
      by: 1,
      targetId: house.places.Door,
    },
    { kind: 'lowerTargetMinimum', text: 'One place fewer on Door', by: 1, targetId: house.places.Door },
  ])
  assert.equal((await ask(alice, 'GET', `/assignments/${id}`)).planStatus, 'infeasible')
  const refused = await call(alice, 'POST', `/assignments/${id}/runs/${answer.id}/acceptance`)
  assert.equal(refused.json.code, 'assignments.run_without_plan')
  await ask(alice, 'PATCH', `/assignment-targets/${house.places.Door}`, { requiredCount: 1 })
  const mended = await run(id)
  assert.deepEqual([mended.planStatus, mended.conflict], ['optimal', null], 'as the mend said')
})

test('VS-11 a conflict of who is apart, of a mix and of hours says what would mend it, in the domain’s words', async () => {
  const house = await houseOf({ Anna: { skills: ['first aid'] }, Ben: {} }, { Kitchen: { requiredCount: 2 } })
  const mendsIn = async (round: string) => {
    const { id, status } = await run(round)
    // Where it took longer than somebody waits.
    if (status === 'queued') await runJobs(world)
    const { conflict } = await ask(alice, 'GET', `/assignments/${round}/runs/${id}`)
    return conflict?.mends.map((each: { text: string }) => each.text)
  }
  const change = (fields: object) => ask(alice, 'PATCH', `/assignment-targets/${house.places.Kitchen}`, fields)
  const relation = await ask(alice, 'POST', '/participant-relations', {
    ...{ kind: 'apart', participantIds: [house.people.Anna, house.people.Ben] },
  })
  assert.deepEqual(await mendsIn(await house.round()), [
    'Anna and Ben may be together',
    'One more house-mate for Kitchen',
    'One place fewer on Kitchen',
  ])
  await ask(alice, 'DELETE', `/participant-relations/${relation.id}`)
  await change({ skillMix: [{ skill: 'first aid', minimum: 2 }] })
  assert.deepEqual(await mendsIn(await house.round()), [
    'One more house-mate with first aid for Kitchen',
    'One fewer with first aid on Kitchen',
  ])
  await change({ skillMix: [], requiredCount: 1, weekday: 'monday', startsAt: '08:00', endsAt: '12:00' })
  await ask(alice, 'POST', '/assignment-targets', {
    ...{ domainId: house.domainId, name: 'Door', weekday: 'tuesday', startsAt: '08:00', endsAt: '12:00' },
  })
  await ask(alice, 'PATCH', `/participants/${house.people.Anna}`, { maxMinutesPerWeek: 360 })
  await ask(alice, 'PATCH', `/participants/${house.people.Ben}`, { isActive: false })
  const round = await house.round()
  assert.ok((await mendsIn(round)).includes('Anna takes 2 h more in a week'))
  await ask(alice, 'PATCH', `/participants/${house.people.Anna}`, { maxMinutesPerWeek: 480 })
  assert.equal(await mendsIn(round), undefined, 'as the mend said')
})

test('VS-08 VS-11 strategies and their parameters are those of the domain; unknown ones and unfit parameters are refused', async () => {
  const parameters = { rotation_weight: 0.8, balance_weight: 0.2 }
  const house = await hostelOf({ strategy: 'balanced_rotation', strategy_parameters: parameters })
  const turns: string[][] = []
  for (const week of ['2027-03-01', '2027-03-08']) {
    const id = await house.round({ assignmentDate: week, endsOn: null })
    const answer = await run(id)
    assert.deepEqual([answer.strategy, answer.acceptedRevision], ['balanced_rotation', 1], JSON.stringify(answer))
    turns.push((await house.board(id)).filter(line => !line.startsWith('Kitchen')))
  }
  assert.notDeepEqual(turns[0], turns[1], 'who had the garden has the stairs next')
  const id = await house.round({ assignmentDate: '2027-03-15', endsOn: null })
  for (const strategy of ['optimal', 'skill_based', 'random_assignment']) {
    const answer = await run(id, { strategy, configuration: { strategy_parameters: {} }, accept: false, seed: 7 })
    assert.deepEqual([answer.status, answer.strategy, answer.seed], ['done', strategy, 7], JSON.stringify(answer))
  }
  const unknown = await call(alice, 'POST', `/assignments/${id}/runs`, { strategy: 'magic' })
  assert.deepEqual([unknown.status, unknown.json.code], [400, 'assignments.strategy_unknown'])
  const unfit = await call(alice, 'POST', `/assignments/${id}/runs`, {
    configuration: { strategy_parameters: { rotation_weight: 7 } },
  })
  assert.deepEqual([unfit.status, unfit.json.code], [400, 'assignments.strategy_parameters'])
  assert.match(unfit.json.detail, /rotation_weight/)
})

test('VS-11 what was done before counts: four people share eight chores evenly, and a newcomer makes up for nothing', async () => {
  const people = Object.fromEntries(['A', 'B', 'C', 'D'].map(name => [name, {}]))
  const house = await houseOf(people, { One: {}, Two: {} })
  const loads = new Map<string, number>()
  for (const week of ['2027-03-01', '2027-03-08', '2027-03-15', '2027-03-22']) {
    const id = await house.round({ assignmentDate: week, endsOn: null })
    await run(id)
    for (const line of await house.board(id))
      for (const name of line.split(': ')[1]?.split(' ') ?? []) loads.set(name, (loads.get(name) ?? 0) + 1)
  }
  assert.deepEqual([...loads.values()], [2, 2, 2, 2])
  await house.person('New')
  const id = await house.round({ assignmentDate: '2027-03-29', endsOn: null })
  await run(id)
  assert.ok((await house.board(id)).filter(line => line.endsWith(' New')).length <= 1)
})

test('VS-11 skill_based puts who can do most of what is asked for, to its threshold and with its fallback', async () => {
  const anySkills = ['cooking', 'baking', 'serving']
  const house = await houseOf(
    { Able: { skills: anySkills }, Half: { skills: ['cooking'] }, Idle: {} },
    { Kitchen: { anySkills } },
    { strategy: 'skill_based', strategy_parameters: { threshold: 0.9, fallback: false } },
  )
  await ask(alice, 'PUT', `/participants/${house.people.Half}/preferences`, {
    items: [{ targetId: house.places.Kitchen, weight: 2 }],
  })
  const id = await house.round()
  assert.equal((await run(id, { strategy: 'optimal', configuration: { strategy_parameters: {} } })).status, 'done')
  assert.deepEqual(await house.board(id), ['Kitchen: Half'], 'who likes it')
  await run(id, {
    strategy: 'skill_based',
    configuration: { strategy_parameters: { threshold: 0.9, fallback: false } },
  })
  assert.deepEqual(await house.board(id), ['Kitchen: Able'], 'who can do most')
  await ask(alice, 'POST', `/assignments/${id}/drop-outs`, { participantId: house.people.Able })
  const none = await run(id)
  assert.deepEqual([none.status, none.acceptedRevision], ['failed', null])
  assert.match(none.fault, /threshold of 0.9/)
  const fallback = await run(id, { configuration: { strategy_parameters: { threshold: 0.9, fallback: true } } })
  assert.deepEqual([fallback.status, await house.board(id)], ['done', ['Kitchen: Half']])
})

test('VS-11 of runs at the same time each is a plan of its own: what was read before another was accepted stays a proposal', async () => {
  const house = await hostelOf()
  const id = await house.round()
  const answers = await Promise.all([1, 2, 3].map(seed => run(id, { seed })))
  const accepted = answers.flatMap(each => each.acceptedRevision ?? [])
  const { revision } = await ask(alice, 'GET', `/assignments/${id}`)
  assert.deepEqual(
    accepted.toSorted(),
    Array.from({ length: revision }, (_, at) => at + 1),
  )
  for (const { acceptedRevision, notes, baseRevision } of answers)
    if (acceptedRevision === null) assert.match(notes.at(-1), /not taken over by itself: .* was changed since/)
    else assert.equal(acceptedRevision, baseRevision + 1, 'nothing came in between')
  const { items } = await ask(alice, 'GET', `/assignments/${id}/revisions`)
  assert.equal(items[0].runId, answers.find(each => each.acceptedRevision === revision).id)
  assert.equal((await house.board(id)).length, 3)
})
