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
  assert.deepEqual((await call(viewer, 'GET', pair)).json, { isPossible: true, reasons: [] })
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
