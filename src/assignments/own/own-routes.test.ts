import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Person, testWorld } from '#test/world.ts'

const { alice, bob, viewer, admin, baseUrl } = await testWorld({ hasRouteLimits: false })

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, each looked at here
type Answer = { status: number; json: any }

async function ask(person: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await person.fetch(path, { method, ...(body !== undefined && { body }) })
  const text = await response.text()
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
}

const make = async (path: string, body: unknown) => (await ask(alice, 'POST', path, body)).json.id as string
const domainId = await make('/assignment-domains', { name: 'chores', displayName: 'Chores' })
const vera = await make('/participants', { domainId, name: 'Vera', userId: viewer.userId })
const ben = await make('/participants', { domainId, name: 'Ben' })
const kitchen = await make('/assignment-targets', { domainId, name: 'Kitchen', requiredCount: 2 })
const round = await make('/assignments', { domainId, name: 'Week', assignmentDate: '2030-01-07', endsOn: '2030-01-13' })
await make(`/assignments/${round}/details`, { participantId: vera, targetId: kitchen })
const draft = await make('/assignments', { domainId, assignmentDate: '2030-01-14' })
await make(`/assignments/${draft}/details`, { participantId: vera, targetId: kitchen })
const publish = (id: string) =>
  admin.query('update assignments.assignments set published_at = now() where id = $1', [id])
await publish(round)

test('VS-06 AG-01 a member sees who he is and what he is on, and nobody else’s', async () => {
  const { json: own } = await ask(viewer, 'GET', '/me/participants')
  assert.deepEqual(
    own.items.map((each: { id: string; domainName: string }) => [each.id, each.domainName]),
    [[vera, 'Chores']],
  )
  for (const person of [alice, bob]) assert.deepEqual((await ask(person, 'GET', '/me/participants')).json.items, [])
  const { json: agenda } = await ask(viewer, 'GET', '/me/assignments?from=2030-01-01&to=2030-01-31')
  assert.deepEqual(
    agenda.items.map((each: { assignment: { id: string } }) => each.assignment.id),
    [round],
    'not the draft',
  )
})

test('VS-08 AG-01 a member says himself that he cannot come, which those who plan are told, and can after all', async () => {
  const wanted = { assignmentId: round, targetId: kitchen, reason: 'A train that does not run' }
  const { status, json: dropOut } = await ask(viewer, 'POST', '/me/drop-outs', wanted)
  assert.equal(status, 201, JSON.stringify(dropOut))
  assert.equal((await ask(viewer, 'POST', '/me/drop-outs', wanted)).json.code, 'assignments.drop_out_known')
  const { json: seen } = await ask(alice, 'GET', `/assignments/${round}/drop-outs`)
  assert.deepEqual(
    seen.items.map((each: { participantId: string; reason: string }) => [each.participantId, each.reason]),
    [[vera, wanted.reason]],
  )
  const { json: notices } = await ask(alice, 'GET', '/notifications')
  const told = notices.items.find((each: { kind: string }) => each.kind === 'assignments.dropped_out')
  assert.deepEqual([told?.title, told?.link], ['Somebody cannot come: Kitchen', `/assignments/${round}`])

  assert.deepEqual(
    (await ask(viewer, 'GET', '/me/drop-outs')).json.items.map((each: { id: string }) => each.id),
    [dropOut.id],
  )
  for (const person of [alice, bob]) {
    assert.deepEqual((await ask(person, 'GET', '/me/drop-outs')).json.items, [])
    assert.equal((await ask(person, 'POST', '/me/drop-outs', wanted)).json.code, 'assignments.assignment_not_found')
    assert.equal(
      (await ask(person, 'DELETE', `/me/drop-outs/${dropOut.id}`)).json.code,
      'assignments.drop_out_not_found',
    )
  }
  const ofDraft = await ask(viewer, 'POST', '/me/drop-outs', { ...wanted, assignmentId: draft })
  assert.equal(ofDraft.json.code, 'assignments.assignment_not_found', 'a draft is nobody’s yet')
  assert.equal((await ask(viewer, 'DELETE', `/me/drop-outs/${dropOut.id}`)).status, 204)
  assert.deepEqual((await ask(alice, 'GET', `/assignments/${round}/drop-outs`)).json.items, [])
})

test('VS-08 AG-01 a member makes and takes back the address of his own calendar, and of nobody else’s', async () => {
  const path = `/me/participants/${vera}/calendar-feed`
  assert.equal((await ask(viewer, 'GET', path)).json.feed, null)
  const { json: made } = await ask(viewer, 'PUT', path)
  const { pathname } = new URL(made.address)
  const read = () => fetch(baseUrl + pathname)
  assert.match(await (await read()).text(), /SUMMARY:Kitchen/)
  assert.ok((await ask(viewer, 'GET', path)).json.feed.createdAt)
  for (const method of ['GET', 'PUT', 'DELETE']) {
    for (const [person, id] of [
      [alice, vera],
      [bob, vera],
      [viewer, ben],
    ] as const) {
      const { json } = await ask(person, method, `/me/participants/${id}/calendar-feed`)
      assert.equal(json.code, 'assignments.participant_not_found', `${method} by ${person.fullName}`)
    }
  }
  assert.equal((await read()).status, 200, 'control: it is there still')
  assert.equal((await ask(viewer, 'DELETE', path)).status, 204)
  assert.equal((await read()).status, 404)
})
