import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { believedNoLonger, testWorld } from '#test/world.ts'
import type { Standing } from './standings.ts'

const folder = mkdtempSync(join(tmpdir(), 'commonhold-shelf-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const { admin, alice, bob } = await testWorld({
  environment: {
    COMMONHOLD_BACKUP_DIR: folder,
    COMMONHOLD_DATA_DIR: folder,
    // What is written here past the program is looked for at once.
    COMMONHOLD_KEPT_ANSWERS_MEGABYTES: '0',
  },
})
await admin.query('insert into identity.operators (user_id) values ($1)', [alice.userId])
await believedNoLonger()

/** How each thing is said to be. */
async function read(): Promise<Map<string, Standing>> {
  const seen = await alice.fetch('/operations/overview')
  assert.equal(seen.status, 200)
  const { standings } = (await seen.json()) as { standings: Standing[] }
  return new Map(standings.map(standing => [standing.area, standing]))
}

test('GG-23 one look says how each thing is, whose last time was when, and nobody but operators gets it', async () => {
  const fresh = await read()
  assert.deepEqual(
    [...fresh.values()].map(({ area, status }) => [area, status]),
    [
      ['backups', 'to_come'],
      ['drill', 'to_come'],
      ['audit', 'to_come'],
      ['doctor', 'to_come'],
      ['retention', 'to_come'],
      ['maintenance', 'to_come'],
      ['jobs', 'well'],
      ['disk', fresh.get('disk')?.status],
      ['replicas', 'well'],
    ],
  )
  assert.notEqual(fresh.get('disk')?.status, 'unknown')
  assert.equal((await bob.fetch('/operations/overview')).status, 403)
})

test('GG-23 what was never done is a step to come in the first week, and something to look at from then on', async () => {
  const never = ['drill', 'audit', 'doctor', 'retention', 'maintenance']
  await admin.query(`update platform.migrations set applied_at = now() - interval '7 days'`)
  const young = await read()
  assert.equal(young.get('backups')?.status, 'fault', 'the first night is over')
  for (const area of never) assert.equal(young.get(area)?.status, 'to_come', area)
  await admin.query(
    `update platform.migrations set applied_at = now() - interval '9 days' where name ~ '_create_foundations$'`,
  )
  const older = await read()
  for (const area of never) assert.equal(older.get(area)?.status, 'attention', area)
})

test('GG-23 what went well is told with its time, and what failed with why', async () => {
  await admin.query(`
    insert into operations.backup_runs (kind, state, started_at, finished_at) values ('drill', 'done', now(), now());
    insert into operations.retention_runs (declaration, status, ended_at, removed)
    values ('identity.sessions_expired', 'done', now(), 1200);
    insert into operations.maintenance_runs (task, status, ended_at) values ('vacuum', 'done', now());
    insert into audit.verifications (ended_at, is_sound) values (now(), true);
    insert into operations.doctor_runs (started_at, milliseconds, findings) values (now(), 5, '[]')`)
  const sound = await read()
  for (const area of ['drill', 'retention', 'maintenance', 'doctor'])
    assert.equal(sound.get(area)?.status, 'well', area)
  assert.match(sound.get('retention')?.message ?? '', /1,200 rows/)
  assert.ok(Date.parse(String(sound.get('retention')?.at)) > Date.now() - 60_000)

  await admin.query(`
    insert into operations.backup_runs (kind, state, started_at, finished_at, failure)
    values ('drill', 'failed', now() + interval '1 s', now() + interval '1 s', 'no room');
    insert into operations.retention_runs (declaration, status, ended_at, started_at, reason)
    values ('identity.sessions_expired', 'failed', now(), now() + interval '1 s', 'lock timeout');
    insert into operations.maintenance_runs (task, status, ended_at, started_at, reason)
    values ('vacuum', 'failed', now(), now() + interval '1 s', 'disk full');
    insert into audit.verifications (began_at, ended_at, is_sound) values (now() + interval '1 s', now(), false)`)
  const broken = await read()
  for (const [area, why] of [
    ['drill', /no room/],
    ['retention', /lock timeout/],
    ['maintenance', /disk full/],
    ['audit', /altered/],
  ] as const) {
    assert.equal(broken.get(area)?.status, 'fault', area)
    assert.match(broken.get(area)?.message ?? '', why)
  }
})
