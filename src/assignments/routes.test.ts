import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Person, testWorld } from '#test/world.ts'

const { alice, bob, viewer } = await testWorld()

async function call(person: Person, method: string, path: string, body?: unknown) {
  const response = await person.fetch(path, { method, ...(body !== undefined && { body }) })
  const text = await response.text()
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
}

test('VS-04 VS-12 AG-01 over HTTP a hostel enters who it has, looks for them, and plans; viewers read, strangers see nothing', async () => {
  const domain = await call(alice, 'POST', '/assignment-domains', { name: 'chores', displayName: 'Chores' })
  assert.equal(domain.status, 201, JSON.stringify(domain.json))
  const domainId = domain.json.id
  const anna = await call(alice, 'POST', '/participants', {
    domainId,
    name: 'Anna',
    skills: ['Cooking'],
    skillLevels: { cooking: 3 },
    availability: { monday: { '9:00': 'available' }, preferences: { morning_shift: true } },
    metadata: { room: { floor: 2 } },
  })
  assert.equal(anna.status, 201, JSON.stringify(anna.json))
  assert.deepEqual(anna.json.metadata, { room: { floor: 2 } })
  assert.deepEqual(anna.json.skillLevels, { cooking: 3 })
  const kitchen = await call(alice, 'POST', '/assignment-targets', {
    domainId,
    name: 'Kitchen',
    requiredSkills: ['cooking'],
  })
  const round = await call(alice, 'POST', '/assignments', { domainId, assignmentDate: '2027-03-08' })
  assert.deepEqual([kitchen.status, round.status], [201, 201])

  const found = await call(
    viewer,
    'GET',
    `/participants?skill=cooking&weekday=monday&time=10:00&targetId=${kitchen.json.id}`,
  )
  assert.deepEqual([found.status, found.json.total, found.json.items[0]?.name], [200, 1, 'Anna'])
  assert.equal((await call(viewer, 'GET', '/participants?skill=cooking&skill=sewing')).json.total, 0)
  assert.equal((await call(bob, 'GET', '/participants?skill=cooking')).json.total, 0)
  const pair = `/assignments/${round.json.id}/reasons?participantId=${anna.json.id}&targetId=${kitchen.json.id}`
  const { isPossible, reasons, cost } = (await call(viewer, 'GET', pair)).json
  assert.deepEqual([isPossible, reasons, cost.reducedCost], [true, [], null])
  assert.deepEqual((await call(viewer, 'GET', `/assignments/${round.json.id}/validation`)).json, { faults: [] })
  assert.equal((await call(bob, 'GET', pair)).status, 404)

  for (const [method, path, body] of [
    ['POST', '/assignment-domains', { name: 'x', displayName: 'X' }],
    ['POST', '/participants', { domainId, name: 'X' }],
    ['PATCH', `/participants/${anna.json.id}`, { name: 'X' }],
    ['POST', '/assignment-targets', { domainId, name: 'X' }],
    ['POST', '/assignments', { domainId }],
    ['DELETE', `/assignments/${round.json.id}`, undefined],
  ] as const) {
    assert.equal((await call(viewer, method, path, body)).status, 403, `${method} ${path}`)
  }
  const person = { domainId, name: 'Bob', userId: bob.userId }
  const stranger = await call(alice, 'POST', '/participants', person)
  assert.deepEqual([stranger.status, stranger.json.code], [400, 'assignments.participant_not_member'])
  assert.equal((await call(alice, 'POST', '/participants', { ...person, userId: viewer.userId })).status, 201)
  const odd = await call(alice, 'PATCH', `/participants/${anna.json.id}`, { tenantId: bob.tenantId })
  assert.equal(odd.json.code, 'http.request_invalid', 'nobody moves a row by naming a tenant')
})

test('VS-12 a day that no calendar has, or the database not, is refused wherever a day is asked for', async () => {
  const { id: domainId } = (await call(alice, 'POST', '/assignment-domains', { name: 'days', displayName: 'Days' }))
    .json
  const { id } = (await call(alice, 'POST', '/participants', { domainId, name: 'Carl' })).json
  const { id: round } = (await call(alice, 'POST', '/assignments', { domainId, assignmentDate: '2027-03-08' })).json
  const last = '9999-12-31'
  for (const day of ['0000-01-01', '2027-02-30']) {
    for (const [method, path, body] of [
      ['POST', '/participants', { domainId, name: 'Dora', joinedOn: day }],
      ['POST', `/participants/${id}/exceptions`, { startsOn: day }],
      ['GET', `/participants/${id}/exceptions?from=${day}`, undefined],
      ['POST', '/assignment-targets', { domainId, name: 'Door', onDate: day }],
      ['GET', `/assignment-targets?from=${day}`, undefined],
      ['POST', '/assignments', { domainId, assignmentDate: day }],
      ['PATCH', `/assignments/${round}`, { endsOn: day }],
      ['GET', `/assignments?from=${day}&to=${last}`, undefined],
      ['GET', `/assignment-domains/${domainId}/board?from=${day}&to=${day}`, undefined],
      ['GET', `/assignment-domains/${domainId}/fairness?from=${day}`, undefined],
      ['GET', `/assignment-domains/${domainId}/heat?from=${day}&to=${day}`, undefined],
      ['GET', `/participants/${id}/assignments?from=${day}&to=${day}`, undefined],
    ] as const) {
      const refused = await call(alice, method, path, body)
      const told = [refused.status, refused.json?.code, refused.json?.errors?.length > 0]
      assert.deepEqual(told, [400, 'http.request_invalid', true], `${method} ${path} ${day}: ${refused.json?.detail}`)
    }
  }
  for (const day of ['0001-01-01', last]) {
    const edge = await call(alice, 'POST', '/assignments', { domainId, assignmentDate: day })
    assert.equal(edge.status, 201, JSON.stringify(edge.json))
    assert.equal(edge.json.assignmentDate, day)
    for (const what of ['validation', 'details'])
      assert.equal((await call(alice, 'GET', `/assignments/${edge.json.id}/${what}`)).status, 200, `${what} of ${day}`)
    const board = await call(alice, 'GET', `/assignment-domains/${domainId}/board?from=${day}&to=${day}`)
    assert.equal(board.status, 200, JSON.stringify(board.json))
  }
  // Of 9999 the last day is a Friday: what begins in its evening ends in the year 10000.
  const fields = { domainId, name: 'Night', weekday: 'friday', startsAt: '20:00', endsAt: '02:00' }
  const { json: night } = await call(alice, 'POST', '/assignment-targets', fields)
  const edge = (await call(alice, 'POST', '/assignments', { domainId, assignmentDate: last })).json.id
  const planned = await call(alice, 'POST', `/assignments/${edge}/runs`, {})
  assert.deepEqual([planned.status, planned.json.fault], [201, null], JSON.stringify(planned.json))
  for (const what of ['check', 'details', `reasons?participantId=${id}&targetId=${night.id}`])
    assert.equal((await call(alice, 'GET', `/assignments/${edge}/${what}`)).status, 200, what)
})
