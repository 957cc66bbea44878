import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { runJobs } from '#test/jobs.ts'
import { testWorld } from '#test/world.ts'
import { resolveMentionsJob } from '../matching/resolutions.ts'
import { contractorsModule } from '../module.ts'
import { refreshSummary, refreshSummaryJob } from './refreshes.ts'
import type { Count, Summary } from './summary.ts'

const world = await testWorld()
const { admin, adminConfig, alice, app, bob, db, login, viewer } = world

const summaryOf = async (person = alice) => (await (await person.fetch('/contractor-summary')).json()) as Summary
const pick = (counts: readonly Count[], ...keys: (keyof Count)[]) => counts.map(count => keys.map(key => count[key]))

await makeProfile('AAAAAAAAAAA1', {
  name: 'Great',
  award_agencies: ['1700', '2100'],
  state: 'VA',
  naics_code: '541512',
  business_types: '["2X","A2"]',
  total_contract_value: '5000000.50',
  active_contracts_count: 1,
  completed_contracts_count: 2,
  registration_status: 'Active',
})
await makeProfile('AAAAAAAAAAA2', {
  name: 'Small',
  award_agencies: ['1700'],
  state: 'VA',
  naics_code: '336411',
  business_types: '["2X"]',
  total_contract_value: '100.00',
  completed_contracts_count: 1,
  registration_status: 'Expired',
})
await makeProfile('AAAAAAAAAAA3', { name: 'Maker', state: 'MD', naics_code: '325412' })
const survivor = await makeProfile('AAAAAAAAAAA4', {
  name: 'Survivor',
  award_agencies: ['2100'],
  state: null,
  country: 'DEU',
})
await makeProfile('AAAAAAAAAAA5', { name: 'Absorbed', state: 'TX', merged_into: survivor })
await makeProfile('H1DDEN000001', { name: 'Hidden', state: 'TX', is_hidden: true, total_contract_value: '9e9' })
await makeProfile('PLACEH0LDER1', {
  name: 'MISCELLANEOUS',
  state: 'TX',
  is_placeholder: true,
  total_contract_value: '8e9',
})
await admin.query(`insert into contractors.agencies (code, name) values ('1700', 'Navy'), ('2100', 'Army')`)
await makeAward('AAAAAAAAAAA1', 'Navy', '1700', '2024-10-01', '2099-01-01', '3000000.50')
await makeAward('AAAAAAAAAAA1', 'Navy', '1700', '2024-09-30', '2025-01-01', '2000000.00')
await makeAward('AAAAAAAAAAA1', 'Army', '2100', null, null, null)
await makeAward('AAAAAAAAAAA2', 'Navy', '1700', '2025-01-01', '2025-02-01', '100.00')
await makeAward('AAAAAAAAAAA5', 'Army', '2100', '2025-01-01', '2025-02-01', '-50.00')
await makeAward('AAAAAAAAAAA4', 'Army', '2100', '2025-01-01', '2025-02-01', '70.00')
await makeAward('H1DDEN000001', 'Army', '2100', '2025-01-01', '2099-02-01', '9000000000.00')

test('GG-22 the summary counts what a search finds, by state, industry, agency, size, type, status and fiscal year', async () => {
  const before = await summaryOf()
  assert.equal(before.totals.profiles, 0, 'nothing before the first refresh')
  assert.equal(before.refresh.refreshedAt, null)
  await refreshSummary(app)
  const { totals, states, sectors, agencies, agencyCount, businessTypes, sizes, statuses, fiscalYears, contractors } =
    await summaryOf()
  assert.deepEqual(
    [totals.profiles, totals.activeProfiles, totals.awards, totals.activeAwards, totals.obligated],
    [4, 1, 4, 1, '5000100.50'],
  )
  assert.deepEqual(pick(states, 'key', 'profiles', 'obligated'), [
    ['VA', 2, '5000100.50'],
    ['', 1, '0.00'],
    ['MD', 1, '0.00'],
  ])
  assert.deepEqual(pick(sectors, 'key', 'label', 'profiles'), [
    ['54', await titleOf('54'), 1],
    ['31-33', await titleOf('31-33'), 2],
    ['', null, 1],
  ])
  assert.deepEqual(pick(agencies, 'key', 'label', 'profiles', 'awards', 'activeAwards', 'obligated'), [
    ['1700', 'Navy', 2, 3, 1, '5000100.50'],
    // The absorbed one and the one that absorbed it are one contractor; the hidden one's award is nowhere.
    ['2100', 'Army', 2, 3, 0, '20.00'],
  ])
  assert.equal(agencyCount, 2)
  assert.deepEqual(pick(businessTypes, 'key', 'profiles'), [
    ['2X', 2],
    ['A2', 1],
  ])
  assert.deepEqual(pick(sizes, 'key', 'profiles'), [
    ['0', 2],
    ['1', 1],
    ['3', 1],
  ])
  assert.deepEqual(pick(statuses, 'key', 'profiles').sort(), [
    ['', 2],
    ['Active', 1],
    ['Expired', 1],
  ])
  // The fiscal year begins in October.
  assert.deepEqual(pick(fiscalYears, 'key', 'awards', 'obligated'), [
    ['2024', 1, '2000000.00'],
    ['2025', 4, '3000120.50'],
  ])
  assert.deepEqual(pick(contractors, 'label', 'obligated'), [
    ['Great', '5000000.50'],
    ['Small', '100.00'],
  ])
  const found = await (await alice.fetch('/contractors?state=VA')).json()
  assert.equal(found.total.count, states[0]?.profiles, 'a link into the search finds as many')
})

test('GG-22 industries are counted digit by digit below a sector', async () => {
  const below = async (parent: string) =>
    pick(
      (await (await viewer.fetch(`/contractor-summary/industries?parent=${parent}`)).json()).items,
      'key',
      'profiles',
    )
  assert.deepEqual(await below('31-33'), [
    ['336', 1],
    ['325', 1],
  ])
  assert.deepEqual(await below('54'), [['541', 1]])
  assert.deepEqual(await below('54151'), [['541512', 1]])
  assert.equal((await alice.fetch('/contractor-summary/industries?parent=x')).status, 400)
})

test('GG-22 AG-01 it is the same for every tenant, and no table of a tenant is in it', async () => {
  assert.deepEqual(await summaryOf(bob), await summaryOf(alice))
  const { rows } = await admin.query(`
    select distinct used.oid::regclass::text as name,
      exists (select from pg_attribute where attrelid = used.oid and attname = 'tenant_id') as "hasTenant"
    from pg_rewrite
    join pg_depend on pg_depend.classid = 'pg_rewrite'::regclass and pg_depend.objid = pg_rewrite.oid
    join pg_class as used on used.oid = pg_depend.refobjid and pg_depend.refclassid = 'pg_class'::regclass
    where ev_class = 'contractors.contractor_profile_summary'::regclass
      and used.oid <> ev_class`)
  assert.ok(
    rows.some(({ name }) => name === 'contractors.contractor_profiles'),
    'control',
  )
  assert.deepEqual(
    rows.filter(({ hasTenant }) => hasTenant),
    [],
  )
})

test('GG-22 readers go on while it is refreshed, and see the new numbers when it is done', async t => {
  await makeProfile('AAAAAAAAAAA6', { name: 'Newcomer', state: 'VA' })
  const holder = new pg.Client(adminConfig)
  await holder.connect()
  t.after(() => holder.end())
  // Whoever changes an index of the catalogue holds up the refresh, but none of its readers.
  await holder.query('begin')
  await holder.query('lock table contractors.naics_codes in access exclusive mode')
  const refreshing = refreshSummary(app, 'somebody')
  await waiting('contractors.naics_codes')
  // What a refresh that is not concurrent takes: with it each reading below would wait for ever.
  const { rows: locks } = await admin.query(
    `select mode from pg_locks where relation = 'contractors.contractor_profile_summary'::regclass and granted`,
  )
  assert.deepEqual(
    locks.filter(({ mode }) => mode === 'AccessExclusiveLock'),
    [],
  )
  for (let times = 0; times < 5; times++) assert.equal((await summaryOf()).totals.profiles, 4)
  const during = await summaryOf()
  assert.ok(during.refresh.startedAt, 'it is seen to be under way')
  assert.ok(during.refresh.refreshedAt, 'and when the last one was')
  // A second one meanwhile is refused at once.
  await assert.rejects(refreshSummary(app), { code: 'contractors.summary_refreshing' })
  await holder.query('commit')
  const state = await refreshing
  assert.equal(state.startedAt, null)
  assert.ok((state.seconds ?? 0) > 0)
  assert.equal((await summaryOf()).totals.profiles, 5)
})

test('GG-22 the turn of a refresh that was killed is free, and it is called failed', async () => {
  const { rows } = await admin.query('insert into contractors.summary_refreshes default values returning id')
  const lost = await db.connect()
  lost.on('error', () => {})
  await lost.query('begin')
  await lost.query('select contractors.refresh_profile_summary($1)', [rows[0].id])
  await assert.rejects(refreshSummary(app), { code: 'contractors.summary_refreshing' }, 'control: it has the turn')
  const { rows: backend } = await admin.query(
    `select pid from pg_stat_activity where query like '%refresh_profile_summary%' and state = 'idle in transaction' and usename = $1`,
    [login.user],
  )
  await admin.query('select pg_terminate_backend($1)', [backend[0].pid])
  await lost.end().catch(() => {})
  await refreshSummary(app)
  const killed = await admin.query('select status, failure from contractors.summary_refreshes where id = $1', [
    rows[0].id,
  ])
  assert.deepEqual(killed.rows, [{ status: 'failed', failure: 'The program that did it was stopped.' }])
})

test('GG-22 a failure is written down, and the numbers stay as they were', async () => {
  await admin.query(`alter materialized view contractors.contractor_profile_summary rename to elsewhere`)
  await assert.rejects(refreshSummary(app), /does not exist/)
  await admin.query(`alter materialized view contractors.elsewhere rename to contractor_profile_summary`)
  const { refresh, totals } = await summaryOf()
  assert.match(refresh.failure ?? '', /does not exist/)
  assert.ok(refresh.failedAt)
  assert.equal(totals.profiles, 5)
  await refreshSummary(app)
  assert.equal((await summaryOf()).refresh.failure, null)
})

test('GG-22 operators have it counted on demand, nobody else, and it is in the log', async () => {
  for (const person of [alice, bob, viewer]) {
    assert.equal((await person.fetch('/contractor-summary/refresh', { method: 'POST' })).status, 403)
  }
  await admin.query('insert into identity.operators (user_id) values ($1) on conflict do nothing', [alice.userId])
  await sleep(2_100)
  await makeProfile('AAAAAAAAAAA7', { name: 'Late', state: 'VA' })
  const asked = await alice.fetch('/contractor-summary/refresh', { method: 'POST' })
  assert.deepEqual([asked.status, await asked.json()], [202, { isQueued: true }])
  const again = await alice.fetch('/contractor-summary/refresh', { method: 'POST' })
  assert.deepEqual(await again.json(), { isQueued: false })
  assert.ok((await runJobs(world)).includes('contractors.refresh-summary'))
  assert.equal((await summaryOf()).totals.profiles, 6)
  const { rows } = await admin.query(
    `select count(*)::int as n from audit.audit_logs where action = 'refresh' and resource = 'contractors.contractor_profile_summary' and user_id = $1`,
    [alice.userId],
  )
  assert.equal(rows[0].n, 1)
})

test('GG-22 the catalogue is counted by itself at one minute of every hour, and one hour misses none', async () => {
  assert.match(refreshSummaryJob.cron ?? '', /^\d{1,2} \* \* \* \*$/)
  assert(contractorsModule.jobs.some(job => job.name === refreshSummaryJob.name))
  const id = await makeProfile('AAAAAAAAAAH1', { name: 'Of this hour', state: 'WY' })
  assert.deepEqual(
    pick((await summaryOf()).states, 'key')
      .flat()
      .includes('WY'),
    false,
  )
  // As the scheduler has it run: with nothing but the job.
  await refreshSummaryJob.run({}, app)
  const { states, refresh } = await summaryOf()
  assert.equal(states.find(({ key }) => key === 'WY')?.profiles, 1)
  assert.equal(refresh.failure, null)
  const { rows } = await admin.query(
    'select requested_by, status from contractors.summary_refreshes order by started_at desc limit 1',
  )
  assert.deepEqual(rows, [{ requested_by: null, status: 'done' }])
  await admin.query('delete from contractors.contractor_profiles where id = $1', [id])
})

test('GG-22 the overview follows when vendors of a list were found out, and only then', async () => {
  const asked = async () =>
    (await admin.query("select from jobs.job where name = 'contractors.refresh-summary' and state = 'created'"))
      .rowCount
  await admin.query("delete from jobs.job where name = 'contractors.refresh-summary'")
  await resolveMentionsJob.run({}, app)
  assert.equal(await asked(), 0)
  await admin.query(
    `insert into contractors.mentions (id, source, name) values (gen_random_uuid(), 'award_list', 'Nobody Knows Whom LLC')`,
  )
  await resolveMentionsJob.run({}, app)
  assert.equal(await asked(), 1)
})

test('GG-22 the program may refresh the summary, and neither own nor change it', async () => {
  const client = await db.connect()
  try {
    for (const statement of [
      'refresh materialized view contractors.contractor_profile_summary',
      'drop materialized view contractors.contractor_profile_summary',
      'update contractors.summary_turn set is_only = true',
    ]) {
      await assert.rejects(client.query(statement), /permission denied|must be owner/, statement)
    }
  } finally {
    await client.end()
  }
})

/** Until somebody waits for a lock on the table. */
async function waiting(table: string): Promise<void> {
  for (;;) {
    const { rows } = await admin.query('select from pg_locks where relation = $1::regclass and not granted', [table])
    if (rows.length > 0) return
  }
}

async function titleOf(code: string): Promise<string | null> {
  const { rows } = await admin.query(
    'select title from contractors.naics_codes where code = $1 order by edition desc limit 1',
    [code],
  )
  return rows[0]?.title ?? null
}

async function makeProfile(uei: string, columns: Record<string, unknown>): Promise<string> {
  const all = { uei, ...columns }
  const { rows } = await admin.query(
    `insert into contractors.contractor_profiles (${Object.keys(all)})
     values (${Object.keys(all).map((_, index) => `$${index + 1}`)}) returning id`,
    Object.values(all),
  )
  return rows[0].id
}

async function makeAward(
  uei: string,
  agencyName: string,
  agencyId: string,
  signed: string | null,
  completed: string | null,
  obligated: string | null,
) {
  await admin.query(
    `insert into contractors.awards (id, uei, kind, agency_id, agency_name, piid, signed_date, completion_date, total_obligated, record_id)
     values (gen_random_uuid(), $1, 'award', $2, $3, gen_random_uuid()::text, $4, $5, $6, gen_random_uuid())`,
    [uei, agencyId, agencyName, signed, completed, obligated],
  )
}
