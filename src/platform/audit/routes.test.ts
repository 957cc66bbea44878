import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signerOf } from '#test/signers.ts'
import { testWorld } from '#test/world.ts'
import { makeCheckpoint } from './checkpoints.ts'
import { checkProof } from './proofs.ts'
import { sealEntries } from './sealing.ts'

const { alice, bob, db, viewer } = await testWorld()

type Page = { items: { action: string; resource: string; [key: string]: unknown }[]; nextCursor: string | null }

async function pageFor(person: typeof alice, query: string): Promise<Page> {
  const response = await person.fetch(`/audit-logs?${query}`)
  assert.equal(response.status, 200)
  return (await response.json()) as Page
}

test('GG-19 a list that is made, renamed and deleted can be read in the audit log, by its own tenant only', async () => {
  const made = await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Prospects' } })
  const { id } = (await made.json()) as { id: string }
  await alice.fetch(`/contractor-lists/${id}`, { method: 'PATCH', body: { name: 'Partners' } })
  await alice.fetch(`/contractor-lists/${id}`, { method: 'DELETE' })

  const query = `resource=contractors.contractor_lists&resourceId=${id}`
  const { items } = await pageFor(alice, query)
  assert.deepEqual(
    items.map(({ action }) => action),
    ['delete', 'update', 'insert'],
  )
  const [, update] = items
  assert.deepEqual(update?.changes, { name: { old: 'Prospects', new: 'Partners' } })
  assert.equal(update?.userId, alice.userId)
  assert.equal(update?.ipAddress, '127.0.0.1')
  assert.match(String(update?.requestId), /\S/)
  assert.match(String(update?.createdAt), /^\d{4}-\d\d-\d\dT.*Z$/)
  assert.deepEqual((await pageFor(bob, query)).items, [])

  const first = await pageFor(alice, `${query}&limit=1`)
  const second = await pageFor(alice, `${query}&limit=1&cursor=${first.nextCursor}`)
  assert.deepEqual([first.items[0]?.action, second.items[0]?.action], ['delete', 'update'])
})

test('PE-08 the filters’ options are what was done in one’s own tenant', async () => {
  const optionsFor = async (person: typeof alice) => {
    const response = await person.fetch('/audit-logs/options')
    assert.equal(response.status, 200)
    return (await response.json()) as {
      people: { userId: string; userName: string }[]
      actions: string[]
      resources: string[]
    }
  }
  await alice.fetch('/contractor-lists', { method: 'POST', body: { name: 'Options' } })
  const own = await optionsFor(alice)
  assert.ok(own.people.some(({ userId, userName }) => userId === alice.userId && userName))
  assert.ok(own.actions.includes('insert') && own.resources.includes('contractors.contractor_lists'))
  const others = await optionsFor(bob)
  assert.ok(
    others.people.some(({ userId }) => userId === bob.userId),
    'control',
  )
  assert.ok(!others.people.some(({ userId }) => userId === alice.userId))
  assert.ok(!others.actions.includes('delete'), 'only Alice has deleted a list')
})

test('GG-19 secrets are in no entry that a tenant reads', async () => {
  const text = JSON.stringify(await pageFor(alice, 'limit=100'))
  assert.doesNotMatch(text, /\$argon2|correct horse/)
})

test('MT-20 who may not read the audit log is refused', async () => {
  for (const path of ['/audit-logs', '/audit-logs/options']) assert.equal((await viewer.fetch(path)).status, 403, path)
})

test('PE-08 a filter that cannot be read is refused', async () => {
  for (const query of ['userId=me', 'from=yesterday', 'limit=0', 'limit=101', 'cursor=x']) {
    assert.equal((await alice.fetch(`/audit-logs?${query}`)).status, 400, query)
  }
})

test('PE-07 an entry’s proof is had by its own tenant, by who may read the log', async () => {
  const signer = signerOf('k1')
  await sealEntries(db)
  await makeCheckpoint(db, { current: async () => signer, find: async () => undefined }, new Date(), undefined)
  const entry = (await pageFor(alice, 'limit=1')).items[0]
  const response = await alice.fetch(`/audit-logs/${entry?.id}/proof`)
  assert.equal(response.status, 200)
  const checked = checkProof(await response.text())
  assert.equal(checked.entry?.id, entry?.id)
  assert.equal((await bob.fetch(`/audit-logs/${entry?.id}/proof`)).status, 404)
  assert.equal((await viewer.fetch(`/audit-logs/${entry?.id}/proof`)).status, 403)
  const seal = (await (await alice.fetch('/audit-logs/seal')).json()) as { checkpoint: { number: number } }
  assert.equal(seal.checkpoint.number, 1)
  assert.equal((await viewer.fetch('/audit-logs/seal')).status, 403)
})
