import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, alice, ask, bob, call, houseOf, viewer } from './planning.test.world.ts'

const makeHouse = async () => {
  const made = await houseOf(
    { Anna: { skills: ['cooking'] }, Ben: { skills: ['cooking'] }, Cleo: { maxAssignments: 1 } },
    { Kitchen: { requiredSkills: ['cooking'] }, Garden: {}, Stairs: {} },
  )
  await ask(alice, 'PUT', `/participants/${made.people.Anna}/preferences`, {
    items: [
      { targetId: made.places.Kitchen, weight: 2 },
      { targetId: made.places.Garden, weight: -2 },
    ],
  })
  return made
}
const house = await makeHouse()
const { Anna = '', Ben = '', Cleo = '' } = house.people
const { Kitchen = '', Garden = '', Stairs = '' } = house.places
const planned = async () => {
  const id = await house.round()
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  return id
}
const moves = (id: string, body: object, headers = {}) => call(alice, 'POST', `/assignments/${id}/moves`, body, headers)
const rulesOf = (faults: { rule: string }[]) => faults.map(each => each.rule)

test('VS-09 VS-11 AG-01 people are moved and swapped by hand with what it costs before and after; broken rules refuse it', async () => {
  const id = await planned()
  const before = await house.board(id)
  assert.ok(before.includes('Kitchen: Anna'), before.join(', '))
  const [onGarden = '', onStairs = ''] = ['Garden', 'Stairs'].map(place => {
    const who = before.find(line => line.startsWith(place))?.split(': ')[1] ?? ''
    return house.people[who] ?? ''
  })
  const swap = { kind: 'swap', participantIds: [onGarden, onStairs], targetIds: [Garden, Stairs] }
  const preview = await moves(id, { changes: [swap], preview: true })
  assert.equal(preview.status, 200, JSON.stringify(preview.json))
  assert.deepEqual([preview.json.faults, preview.json.revision, preview.json.missingAfter], [[], null, 0])
  assert.deepEqual(await house.board(id), before, 'a preview changes nothing')
  const made = await moves(id, { changes: [swap] })
  assert.deepEqual([made.json.revision, made.json.costAfter], [2, preview.json.costAfter])
  const round = await ask(alice, 'GET', `/assignments/${id}`)
  assert.deepEqual([round.cost, round.revision], [made.json.costAfter, 2])
  assert.ok(round.lowerBound <= round.cost && ['optimal', 'feasible'].includes(round.planStatus), JSON.stringify(round))

  const dearer = await moves(id, {
    changes: [{ kind: 'swap', participantIds: [Anna, Ben], targetIds: [Kitchen, Ben === onGarden ? Stairs : Garden] }],
    preview: true,
  })
  assert.ok(dearer.json.costAfter > dearer.json.costBefore, 'Anna likes the kitchen best')
  const cook = { kind: 'move', participantId: Cleo, from: Cleo === onGarden ? Stairs : Garden, to: Kitchen }
  const unskilled = await moves(id, { changes: [cook], preview: true })
  assert.deepEqual(
    rulesOf(unskilled.json.faults).sort(),
    ['capacity_check', 'skill_matching'],
    JSON.stringify(unskilled.json),
  )
  assert.ok(unskilled.json.faults.some((each: { message: string }) => each.message === 'Cleo lacks cooking.'))
  const refused = await moves(id, { changes: [cook] })
  assert.deepEqual([refused.status, refused.json.code], [409, 'assignments.move_refused'])
  assert.match(refused.json.detail, /Cleo lacks cooking/)
  const twice = await moves(id, { changes: [{ kind: 'add', participantId: Anna, targetId: Kitchen }] })
  assert.equal(twice.json.code, 'assignments.move_double')
  const nowhere = await moves(id, { changes: [{ kind: 'remove', participantId: Cleo, targetId: Kitchen }] })
  assert.equal(nowhere.json.code, 'assignments.move_nowhere')

  const path = `/assignments/${id}/moves`
  assert.equal((await call(viewer, 'POST', path, { changes: [swap], preview: true })).status, 403)
  assert.equal((await call(bob, 'POST', path, { changes: [swap], preview: true })).status, 404)
})

test('VS-09 of two who move at once the second sees it: by revision and by entity tag, or is weighed on what the first made', async () => {
  const id = await planned()
  const { headers } = await call(alice, 'GET', `/assignments/${id}`)
  const [line = ''] = (await house.board(id)).filter(each => each.startsWith('Garden'))
  const gardener = house.people[line.split(': ')[1] ?? ''] ?? ''
  const other = [Anna, Ben, Cleo].find(each => each !== gardener) ?? ''
  const change = { kind: 'swap', participantIds: [gardener, gardener], targetIds: [Garden, Garden] }
  assert.equal((await moves(id, { changes: [change] })).json.code, 'assignments.move_nowhere', 'somebody with himself')
  const [first, second] = await Promise.all(
    [1, 2].map(() =>
      moves(id, {
        revision: 1,
        changes: [
          { kind: 'remove', participantId: gardener, targetId: Garden },
          { kind: 'add', participantId: other === Cleo ? Anna : other, targetId: Garden },
        ],
      }),
    ),
  )
  const [won, lost] = first?.status === 200 ? [first, second] : [second, first]
  assert.deepEqual([won?.status, won?.json.revision], [200, 2], JSON.stringify([first?.json, second?.json]))
  assert.deepEqual([lost?.status, lost?.json.code], [409, 'assignments.assignment_changed'])
  const stale = await moves(id, { changes: [change] }, { 'if-match': headers.get('etag') ?? '' })
  assert.equal(stale.status, 412)
  const fresh = (await call(alice, 'GET', `/assignments/${id}`)).headers.get('etag') ?? ''
  const undone = await call(alice, 'POST', `/assignments/${id}/undo`, undefined, { 'if-match': fresh })
  assert.deepEqual(
    [undone.status, undone.json.number, undone.json.showsNumber],
    [200, 3, 1],
    JSON.stringify(undone.json),
  )
})

type Named = Partial<Record<'createdBy' | 'createdByName' | 'changedByName', string | null>>

test('VS-09 VS-10 changes are undone one by one, brought back by number, compared, and each is a revision with its author', async () => {
  const id = await planned()
  const first = await house.board(id)
  const who = (place: string) => house.people[first.find(line => line.startsWith(place))?.split(': ')[1] ?? ''] ?? ''
  await moves(id, {
    changes: [{ kind: 'swap', participantIds: [who('Garden'), who('Stairs')], targetIds: [Garden, Stairs] }],
  })
  const second = await house.board(id)
  const act = (path: string) => call(alice, 'POST', `/assignments/${id}/${path}`)
  assert.equal((await act('undo')).json.showsNumber, 1)
  assert.deepEqual(await house.board(id), first)
  assert.equal((await act('undo')).json.showsNumber, 0)
  assert.deepEqual(await house.board(id), [])
  assert.equal((await act('undo')).json.code, 'assignments.nothing_to_undo')
  assert.equal((await act('revisions/2/restoration')).json.action, 'restore')
  assert.deepEqual(await house.board(id), second)
  assert.equal((await act('revisions/5/restoration')).json.code, 'assignments.revision_is_current')
  assert.equal((await act('revisions/99/restoration')).status, 404)
  const { items } = await ask(viewer, 'GET', `/assignments/${id}/revisions`)
  const history = (await ask(viewer, 'GET', `/assignments/${id}/history`)).items
  assert.deepEqual(
    [...items.map((each: Named) => each.createdByName), ...history.map((each: Named) => each.changedByName)],
    Array(items.length + history.length).fill(alice.fullName),
    'the page says who did it',
  )
  await admin.query('update assignments.assignment_revisions set created_by = $2 where assignment_id = $1', [
    ...[id, bob.userId],
  ])
  const [foreign] = (await ask(viewer, 'GET', `/assignments/${id}/revisions?limit=1`)).items
  assert.deepEqual(
    [foreign.createdBy, foreign.createdByName],
    [bob.userId, null],
    'who is no member is named to nobody',
  )
  assert.deepEqual(
    items.map((each: { action: string; detailCount: number }) => [each.action, each.detailCount]),
    [
      ['restore', 3],
      ['undo', 0],
      ['undo', 3],
      ['move', 3],
      ['plan', 3],
    ],
  )
  assert.ok(items.every((each: { createdBy: string }) => each.createdBy === alice.userId))

  const same = await ask(viewer, 'GET', `/assignments/${id}/comparison?from=2&to=5`)
  assert.deepEqual([same.changes, same.from], [[], same.to])
  const differing = await ask(viewer, 'GET', `/assignments/${id}/comparison?from=1`)
  assert.equal(differing.changes.length, 2)
  for (const change of differing.changes) assert.notDeepEqual(change.from, change.to)
  assert.ok(differing.from.cost <= differing.to.cost, 'the first was the best')
  assert.equal(differing.fairness.from.gini, differing.fairness.to.gini, 'each has as many chores as before')
  const { id: runId } = await ask(alice, 'POST', `/assignments/${id}/runs`, { accept: false })
  assert.equal((await ask(viewer, 'GET', `/assignments/${id}/comparison?run=${runId}`)).changes.length, 2)
  for (const way of ['revisions', 'comparison?from=1&to=2', `comparison?run=${runId}`])
    assert.equal((await call(bob, 'GET', `/assignments/${id}/${way}`)).status, 404, way)
  assert.equal((await call(bob, 'POST', `/assignments/${id}/undo`)).status, 404)
  assert.equal((await call(viewer, 'POST', `/assignments/${id}/undo`)).status, 403)
})

test('VS-09 AG-01 who is pinned is in every plan; a pin that cannot be is refused with its reason, a move may not break one', async () => {
  const id = await house.round()
  const pin = (participantId: string, targetId: string, method = 'PUT', person = alice) =>
    call(person, method, `/assignments/${id}/pins/${participantId}/${targetId}`)
  const impossible = await pin(Cleo, Kitchen)
  assert.deepEqual([impossible.status, impossible.json.code], [409, 'assignments.pin_impossible'])
  assert.match(impossible.json.detail, /Cleo lacks cooking/)
  const set = await pin(Anna, Garden)
  assert.deepEqual(
    [set.status, set.json.isOn, set.json.participantName],
    [200, false, 'Anna'],
    JSON.stringify(set.json),
  )
  assert.equal((await pin(Anna, Garden)).status, 200, 'twice')
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  assert.ok((await house.board(id)).includes('Garden: Anna'), 'though she likes the kitchen best')
  const { items } = await ask(viewer, 'GET', `/assignments/${id}/pins`)
  assert.deepEqual(
    items.map((each: { isOn: boolean }) => each.isOn),
    [true],
  )
  const [line = ''] = (await house.board(id)).filter(each => each.startsWith('Stairs'))
  const other = house.people[line.split(': ')[1] ?? ''] ?? ''
  const swap = { changes: [{ kind: 'swap', participantIds: [Anna, other], targetIds: [Garden, Stairs] }] }
  assert.match((await moves(id, swap)).json.detail, /Anna is pinned on Garden/)
  assert.equal((await pin(Anna, Garden, 'DELETE', bob)).status, 404)
  assert.equal((await pin(Anna, Garden, 'DELETE')).status, 204)
  assert.equal((await pin(Anna, Garden, 'DELETE')).json.code, 'assignments.pin_not_found')
  assert.equal((await moves(id, swap)).status, 200)
  for (const person of [bob, viewer])
    assert.equal((await pin(Anna, Garden, 'PUT', person)).status, person === bob ? 404 : 403)
  assert.deepEqual((await ask(alice, 'GET', `/assignments/${id}/pins`)).items, [])
  assert.equal((await call(bob, 'GET', `/assignments/${id}/pins`)).status, 404)
})

test('VS-11 why not Ben on Kitchen: what is missing, or what it would cost by the prices of the plan, never more than it does', async () => {
  const { people, places, round } = await makeHouse()
  const id = await round()
  await ask(alice, 'POST', `/assignments/${id}/runs`, {})
  const { Anna = '', Cleo = '' } = people
  const { Kitchen = '', Garden = '' } = places
  const why = (participantId: string, targetId: string) =>
    ask(viewer, 'GET', `/assignments/${id}/reasons?participantId=${participantId}&targetId=${targetId}`)
  assert.equal((await why(Anna, Kitchen)).cost.text, 'Anna is on Kitchen.')
  const cannot = await why(Cleo, Kitchen)
  assert.deepEqual([cannot.isPossible, cannot.cost], [false, null])
  const { cost } = await why(Anna, Garden)
  assert.ok(cost.reducedCost > 0, JSON.stringify(cost))
  assert.match(cost.text, /^With Anna on Garden the plan would cost at least [\d.]+ points more: /)
  const { cost: best } = await ask(alice, 'GET', `/assignments/${id}`)
  await ask(alice, 'PUT', `/assignments/${id}/pins/${Anna}/${Garden}`)
  const forced = await ask(alice, 'POST', `/assignments/${id}/runs`, { accept: false })
  assert.ok(forced.cost - best >= cost.reducedCost - 1e-9, `${forced.cost} - ${best} < ${cost.reducedCost}`)
})

test('VS-08 what is completed, cancelled or locked is left alone by every way, and by the database', async () => {
  const id = await planned()
  const change = { changes: [{ kind: 'remove', participantId: Anna, targetId: Kitchen }] }
  const { id: runId } = await ask(alice, 'POST', `/assignments/${id}/runs`, { accept: false })
  for (const [state, code] of [
    [{ status: 'completed' }, 'assignments.assignment_closed'],
    [{ status: 'active' }, ''],
    [{ status: 'cancelled' }, 'assignments.assignment_closed'],
    [{ status: 'active', isLocked: true }, 'assignments.assignment_locked'],
  ] as const) {
    await ask(alice, 'PATCH', `/assignments/${id}`, state)
    if (code === '') continue
    for (const [method, path, body] of [
      ['POST', 'runs', {}],
      ['POST', 'moves', change],
      ['POST', 'undo', undefined],
      ['POST', 'revisions/0/restoration', undefined],
      ['POST', 'publication', undefined],
      ['POST', `runs/${runId}/acceptance`, undefined],
      ['PUT', `pins/${Anna}/${Kitchen}`, undefined],
    ] as const)
      assert.equal((await call(alice, method, `/assignments/${id}/${path}`, body)).json.code, code, `${path} ${code}`)
    for (const statement of [
      'delete from assignments.assignment_details where assignment_id = $1',
      'update assignments.assignment_details set position = 9 where assignment_id = $1',
      `insert into assignments.assignment_pins (tenant_id, assignment_id, participant_id, target_id)
       select tenant_id, assignment_id, participant_id, target_id from assignments.assignment_details where assignment_id = $1`,
    ])
      await assert.rejects(admin.query(statement, [id]), { constraint: code }, statement)
  }
  await ask(alice, 'PATCH', `/assignments/${id}`, { isLocked: false })
  assert.equal((await call(alice, 'POST', `/assignments/${id}/undo`)).status, 200, 'the control')
  await ask(alice, 'PATCH', `/assignments/${id}`, { isLocked: true })
  assert.equal((await call(alice, 'DELETE', `/assignments/${id}`)).status, 204, 'deleted whole it goes with its people')
})
