import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { testDatabase } from '#test/database.ts'
import { signerOf } from '#test/signers.ts'
import { makeCheckpoint, type Signers } from './checkpoints.ts'
import { recordEvent } from './events.ts'
import { checkProof, type InclusionProof, proveConsistency, proveEntry } from './proofs.ts'
import { sealEntries, startSealing, tellCheckpoints } from './sealing.ts'
import { auditState } from './states.ts'

const { db, admin } = await testDatabase()
const signer = signerOf('k1')
const signers: Signers = { current: async () => signer, find: async () => undefined }
const [tenantId, other] = [randomUUID(), randomUUID()]
const scope = { tenantId, userId: randomUUID(), userName: 'Ada', ipAddress: '192.0.2.7', userAgent: 'Test' }

async function checkpoint(): Promise<number> {
  await sealEntries(db)
  return (await makeCheckpoint(db, signers, new Date(), undefined))?.number ?? 0
}

await recordEvent(db.scoped({ tenantId: other }), { action: 'theirs' })
await recordEvent(db.scoped(scope), { action: 'first', details: { text: 'Grüße' } })
const one = await checkpoint()
await admin.query(
  `insert into audit.audit_logs (tenant_id, action, resource_id) select $1, 'many', i::text from generate_series(1, 3000) as i`,
  [tenantId],
)
await sealEntries(db, 700)
await recordEvent(db.scoped(scope), { action: 'last' })
const two = await checkpoint()
const ids = (
  await admin.query<{ id: string }>('select id from audit.audit_logs where tenant_id = $1 order by created_at, id', [
    tenantId,
  ])
).rows.map(({ id }) => id)

const refuses = (code: string) => (error: unknown) => error instanceof DomainError && error.code === code

test('PE-07 every entry is proved offline, with or without who it was', async () => {
  for (const index of [0, 1, 255, 256, 699, 700, 1500, 2999, 3000, ids.length - 1]) {
    const id = ids[index] as string
    const checked = checkProof(JSON.stringify(await proveEntry(db.scoped({ tenantId }), id)))
    assert.equal(checked.entry?.id, id)
    assert.equal(checked.size, 3002)
    assert.equal(checked.checkpoint, two)
  }
  const without = await proveEntry(db.scoped({ tenantId }), ids[0] as string, { withoutPerson: true })
  assert.doesNotMatch(JSON.stringify(without), /Ada|192\.0\.2\.7/)
  assert.equal(checkProof(JSON.stringify(without)).entry?.action, 'first')
  const withPerson = await proveEntry(db.scoped({ tenantId }), ids[0] as string)
  assert.equal(checkProof(JSON.stringify(withPerson)).entry?.userName, 'Ada')
})

test('PE-07 a proof in which anything is changed does not hold', async () => {
  const text = JSON.stringify(await proveEntry(db.scoped({ tenantId }), ids[0] as string))
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom('A', 'z', '0', '7'), async (at, letter) => {
      if (text[at] === letter) return
      const changed = text.slice(0, at) + letter + text.slice(at + 1)
      const same = () => {
        // What is said beside the proof, or the unused bits at the end of base64, changes nothing of what it says.
        const checked = checkProof(changed)
        assert.deepEqual(checked, checkProof(text))
      }
      try {
        same()
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
      }
    }),
    { numRuns: 400 },
  )
  const proof = JSON.parse(text) as InclusionProof
  const altered = { ...proof, entry: { ...proof.entry, content: proof.entry.content?.replace('first', 'fjrst') } }
  assert.throws(() => checkProof(JSON.stringify(altered)), refuses('audit.proof_wrong'))
  assert.throws(() => checkProof('{}'), refuses('audit.proof_unreadable'))
  assert.throws(() => checkProof('nothing'), refuses('audit.proof_unreadable'))
})

test('PE-07 the log at one checkpoint is proved to be the beginning of the log at a later one', async () => {
  const proof = await proveConsistency(db.scoped({ tenantId }), one, two)
  const checked = checkProof(JSON.stringify(proof))
  assert.equal(checked.size, 1)
  assert.equal(checked.to?.size, 3002)
  const forged = { ...proof, before: { ...proof.before, size: 2 } }
  assert.throws(() => checkProof(JSON.stringify(forged)), refuses('audit.proof_wrong'))
  await assert.rejects(proveConsistency(db.scoped({ tenantId }), 1, 99), refuses('audit.checkpoint_not_found'))
})

test('PE-07 another tenant’s entry is not proved, and one that is not sealed yet says so', async () => {
  await assert.rejects(proveEntry(db.scoped({ tenantId: other }), ids[0] as string), refuses('audit.entry_not_found'))
  await recordEvent(db.scoped(scope), { action: 'new' })
  const [fresh] = await db
    .scoped({ tenantId })
    .run(sql<{ id: string }>`select id from audit.audit_logs where action = 'new'`)
  await assert.rejects(proveEntry(db.scoped({ tenantId }), fresh?.id as string), refuses('audit.not_sealed'))
  await checkpoint()
  assert.equal(checkProof(JSON.stringify(await proveEntry(db.scoped({ tenantId }), fresh?.id as string))).size, 3003)
})

test('PE-07 who is told of checkpoints gets each in order, again after he failed', async () => {
  const told: number[] = []
  let answer = 500
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const [, payload] = JSON.parse(body).checkpoint.split('.')
    if (answer === 204) told.push(JSON.parse(Buffer.from(payload, 'base64url').toString()).number)
    response.writeHead(answer).end()
  }).listen(0, '127.0.0.1')
  try {
    await new Promise(resolve => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=secret`
    assert.equal(await tellCheckpoints(db, url), 1)
    assert.equal(await tellCheckpoints(db, url), 2)
    answer = 204
    assert.equal(await tellCheckpoints(db, url), 0)
    const { rows } = await admin.query('select number::int, destination from audit.checkpoint_deliveries')
    const all = (await admin.query('select number::int from audit.checkpoints order by number')).rows
    assert.deepEqual(
      told,
      all.map(({ number }) => number),
    )
    assert.equal(rows[0].number, told.at(-1))
    assert.doesNotMatch(rows[0].destination, /secret/)
  } finally {
    server.close()
  }
})

test('PE-07 while the program runs entries are sealed by themselves, by one of several', async () => {
  const log = { error: assert.ifError, warn: assert.ifError, info() {} }
  const options = {
    app: { db, clock: { now: () => new Date() }, log } as never,
    signers,
    folder: undefined,
    checkpointSeconds: 0,
    every: 20,
  }
  const sealings = [startSealing(options), startSealing(options)]
  try {
    for (let index = 0; index < 20; index++) await recordEvent(db.scoped(scope), { action: 'running' })
    const size = 3003 + 20
    for (;;) {
      const { rows } = await admin.query(
        'select size::int, checkpointed_size::int as done from audit.trees where tenant_id = $1',
        [tenantId],
      )
      if (rows[0].done === size) break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  } finally {
    await Promise.all(sealings.map(sealing => sealing.stop()))
  }
  const state = await auditState(db.unscoped)
  assert.equal(state.lagSeconds, 0)
  assert.ok((state.checkpoint?.number ?? 0) > two)
})
