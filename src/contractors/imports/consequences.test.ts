import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testDatabase } from '#test/database.ts'
import { enqueueConsequences } from './consequences.ts'
import { importFile } from './imports.ts'

const { db, admin } = await testDatabase()
const path = fileURLToPath(new URL('../../../data/contractors/sam_public_v2_real_sample.dat', import.meta.url))

async function follow(options: { dryRun?: boolean } = {}): Promise<string[]> {
  await admin.query('delete from jobs.job')
  const summary = await importFile(db, { path, source: 'sam_v2' }, { now: new Date(), ...options })
  await enqueueConsequences(db.unscoped, [summary])
  return (await admin.query('select name from jobs.job order by name')).rows.map(({ name }) => name)
}

test('GG-06 an import has mentions, overview and alerts looked at now; alerts only if it changed contractors', async () => {
  assert.deepEqual(await follow({ dryRun: true }), [])
  const always = ['contractors.refresh-summary', 'contractors.resolve_mentions']
  assert.deepEqual(await follow(), [...always, 'contractors.tell-new-matches'])
  assert.deepEqual(await follow(), always)
})
