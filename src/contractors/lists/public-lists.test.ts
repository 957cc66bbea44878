import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld } from '#test/world.ts'

const world = await testWorld()
const { alice, bob } = world

type Body = { id: string; code: string; isPublic: boolean }
const call = async (person: typeof alice, method: string, path: string, body: unknown) => {
  const answer = await person.fetch(path, { method, body })
  return { status: answer.status, json: (await answer.json()) as Body }
}
const choose = (isOn: boolean | null) =>
  call(alice, 'PATCH', '/tenant/features', { features: { 'contractors.public_lists': isOn } })

test('MT-10 PE-12 where lists for everybody are switched off nobody opens one; what is open stays', async () => {
  const make = (person: typeof alice, name: string) =>
    call(person, 'POST', '/contractor-lists', { name, isPublic: true })
  const open = await make(alice, 'Open')
  const own = await call(alice, 'POST', '/contractor-lists', { name: 'Own' })
  assert.equal(open.status, 201, 'control: it is on by itself')

  await choose(false)
  const refused = await make(alice, 'Late')
  assert.deepEqual([refused.status, refused.json.code], [403, 'tenancy.feature_off'])
  const path = `/contractor-lists/${own.json.id}`
  assert.equal((await call(alice, 'PATCH', path, { isPublic: true })).json.code, 'tenancy.feature_off')
  assert.equal((await call(alice, 'PATCH', path, { name: 'Mine', isPublic: false })).status, 200)
  const renamed = await call(alice, 'PATCH', `/contractor-lists/${open.json.id}`, {
    name: 'Still open',
    isPublic: true,
  })
  assert.deepEqual([renamed.status, renamed.json.isPublic], [200, true])
  assert.equal((await make(bob, 'Elsewhere')).status, 201, 'AG-01 in another tenant it is as it was')

  await choose(null)
  assert.equal((await call(alice, 'PATCH', path, { isPublic: true })).status, 200)
})
