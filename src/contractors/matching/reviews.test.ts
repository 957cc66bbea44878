import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { testDatabase } from '#test/database.ts'
import { importFile } from '../imports/imports.ts'
import type { Match } from './engine.ts'
import { resolveMentions } from './resolutions.ts'
import {
  acceptAbove,
  acceptMention,
  mergeContractors,
  rejectMention,
  releaseContractor,
  splitContractor,
  undoBatch,
  undoDecision,
} from './reviews.ts'
import type { Mention } from './scoring.ts'

const { db, admin } = await testDatabase()
const folder = mkdtempSync(join(tmpdir(), 'commonhold-reviews-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const now = new Date('2026-06-01T12:00:00Z')
const ann = { name: 'Ann', now }
const ben = { name: 'Ben', now }
const acme = 'C12NSYAH27N4'
const acmeOld = 'LCHBJDK6HJH6'
const zenith = 'UENMF5GLCS69'
const reason = 'The address is the same'
let files = 0

beforeEach(async () => {
  await admin.query(`
    delete from contractors.match_decisions;
    delete from contractors.awards;
    delete from contractors.listed_awards;
    delete from contractors.mentions;
    delete from contractors.contractors;
    delete from contractors.observations;
    delete from contractors.families;
    delete from contractors.contractor_profiles;
    delete from contractors.imports`)
})

type Values = Record<string, string>
const cell = (value: string) => (/[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)
const csv = (columns: string[], rows: Values[]) =>
  [columns.join(','), ...rows.map(row => columns.map(column => cell(row[column] ?? '')).join(','))].join('\n')

async function load(source: string, columns: string[], rows: Values[]) {
  const path = join(folder, `${files++}.csv`)
  writeFileSync(path, csv(columns, rows))
  return await importFile(db, { path, source }, { now })
}

const awardColumns = [
  'agency_id',
  'piid',
  'mod_number',
  'ref_agency_id',
  'ref_piid',
  'signed_date',
  'completion_date',
  'obligated_amount',
  'total_obligated_amount',
  'uei',
  'entity_name',
  'cage_code',
  'street',
  'city',
  'state',
  'zip',
  'country',
]
const award = (values: Values): Values => ({
  agency_id: '9700',
  mod_number: '0',
  signed_date: '2025-01-10',
  completion_date: '2026-12-31',
  obligated_amount: '100.00',
  total_obligated_amount: '100.00',
  ...values,
})
const loadAwards = (...rows: Values[]) => load('fpds_awards', awardColumns, rows.map(award))

const listColumns = ['piid', 'vendor', 'agency', 'value', 'savings', 'description', 'fpds_status', 'deleted_date']
const loadList = (...rows: Values[]) => load('award_list', listColumns, rows)

const run = async (text: string, values: unknown[] = []) => (await admin.query(text, values)).rows
const profile = async (uei: string) =>
  (await run('select * from contractors.contractor_profiles where uei = $1', [uei]))[0]
const byId = async (id: string) => (await run('select * from contractors.contractor_profiles where id = $1', [id]))[0]
const mention = async (name: string) => (await run('select * from contractors.mentions where name = $1', [name]))[0]
const recordUei = async (name: string) =>
  (
    await run(
      'select c.uei from contractors.contractors as c join contractors.mentions as m on m.id = c.mention_id where m.name = $1',
      [name],
    )
  ).map(row => row.uei)

/** What the engine would say, by name of the mention. */
function saying(verdicts: Record<string, { decision: Match['decision']; candidates?: [string, number][] }>) {
  return async (_tx: unknown, mentions: readonly Mention[]): Promise<Match[]> =>
    mentions.map(({ id, name }) => {
      const { decision, candidates = [] } = verdicts[name] ?? { decision: 'reject' as const }
      return {
        mentionId: id,
        decision,
        reason: `The engine would ${decision}.`,
        candidates: candidates.map(([profileId, score]) => ({
          profileId,
          uei: '',
          name: 'A candidate',
          score,
          reasons: [{ kind: 'name_similar', weight: 2, text: 'The names are similar.' }],
        })),
      }
    })
}
const resolve = (verdicts: Parameters<typeof saying>[0]) =>
  resolveMentions(db, { now: () => now, match: saying(verdicts) })

async function three() {
  await loadAwards(
    { piid: 'A1', uei: acme, entity_name: 'ACME INC', city: 'RESTON', state: 'VA' },
    { piid: 'A2', uei: acmeOld, entity_name: 'ACME HOLDINGS', cage_code: '1ABC2', total_obligated_amount: '50.00' },
    { piid: 'A3', uei: zenith, entity_name: 'ZENITH LLC', total_obligated_amount: '7.00' },
  )
  const [one, old, other] = [await profile(acme), await profile(acmeOld), await profile(zenith)]
  return { one, old, other }
}

/** Everything of the profiles that may not differ once all is undone; vendors of whom nothing is left aside. */
const profiles = async () =>
  JSON.stringify(
    await run(
      `select to_jsonb(p) - 'created_at' - 'updated_at' as row
       from contractors.contractor_profiles as p
       where not (uei is null and is_hidden)
       order by id`,
    ),
  )
const families = async () => JSON.stringify(await run('select * from contractors.families order by uei'))

test('GG-08 the machine knows when the awards of a vendor without identifier were signed, where its list says', async () => {
  const listed = (piid: string, vendor: string) => ({ piid, vendor, agency: 'Navy', value: '1.00', savings: '0.00' })
  await loadList(listed('L1', 'MOUNTAIN TOOLS'), listed('L2', 'MOUNTAIN TOOLS'), listed('L3', 'RIVER PUMPS'))
  await run(`
    update contractors.listed_awards
    set signed_date = case piid when 'L1' then date '2021-05-06' when 'L2' then date '2019-03-01' end`)
  const seen: Mention[] = []
  await resolveMentions(db, {
    now: () => now,
    async match(tx, mentions) {
      seen.push(...mentions)
      return await saying({})(tx, mentions)
    },
  })
  assert.deepEqual(seen.map(({ name, firstSeen, lastSeen }) => [name, firstSeen, lastSeen]).sort(), [
    ['MOUNTAIN TOOLS', '2019-03-01', '2021-05-06'],
    ['RIVER PUMPS', null, null],
  ])
})

test('GG-07 a record without identifier waits as a mention and belongs to nobody until it is resolved', async () => {
  await three()
  const summary = await loadList(
    { piid: 'L1', vendor: 'Acme Inc.', agency: 'Navy', value: '10' },
    { piid: 'L2', vendor: 'Acme Inc.', agency: 'Navy', value: '5.5' },
  )
  assert.deepEqual(summary.profiles, { inserted: 0, updated: 0 })
  const waiting = await mention('Acme Inc.')
  assert.equal(waiting.status, 'new')
  assert.equal(waiting.record_count, 2)
  assert.equal(waiting.listed_value, '15.50')
  assert.deepEqual(await recordUei('Acme Inc.'), [null, null])
  await loadList({ piid: 'L1', vendor: 'Acme Inc.', agency: 'Navy', value: '10' })
  assert.equal((await run('select count(*)::integer as n from contractors.mentions'))[0].n, 1)
})

test('GG-08 an accepted mention brings its records, and only those awards that nobody knew', async () => {
  const { one } = await three()
  await loadList(
    { piid: 'A1', vendor: 'Acme', agency: 'Navy', value: '10' },
    { piid: 'NEW', vendor: 'Acme', agency: 'Navy', value: '20' },
  )
  assert.deepEqual(await resolve({ Acme: { decision: 'accept', candidates: [[one.id, 0.99]] } }), {
    looked: 1,
    accepted: 1,
    review: 0,
    rejected: 0,
  })
  assert.deepEqual(await recordUei('Acme'), [acme, acme])
  const awards = await run(
    'select piid, mention_id is not null as listed from contractors.awards where uei = $1 order by piid',
    [acme],
  )
  assert.deepEqual(awards, [
    { piid: 'A1', listed: false },
    { piid: 'NEW', listed: true },
  ])
  const folded = await profile(acme)
  assert.equal(folded.id, one.id)
  assert.equal(folded.name, 'ACME INC')
  assert.equal(folded.total_contract_value, '100.00')
  const sources = await run(
    'select source, count(*)::integer as n from contractors.contractors where uei = $1 group by 1 order by 1',
    [acme],
  )
  assert.deepEqual(sources, [
    { source: 'award_list', n: 2 },
    { source: 'fpds_awards', n: 1 },
  ])
  // A source that names the contractor brings the award: it is not there twice.
  await loadAwards({ piid: 'NEW', uei: acme, entity_name: 'ACME INC', total_obligated_amount: '20.00' })
  assert.deepEqual(await run(`select piid, mention_id from contractors.awards where piid = 'NEW'`), [
    { piid: 'NEW', mention_id: null },
  ])
  assert.equal((await profile(acme)).total_contract_value, '120.00')
})

test('GG-08 the award of the list decides where the name is near, and alone only asks for a look', async () => {
  const { one, other } = await three()
  await loadList(
    { piid: 'A1', vendor: 'Acm', agency: 'Navy', value: '1' },
    { piid: 'A3', vendor: 'Nobody', agency: 'Navy', value: '1' },
  )
  await resolve({ Acm: { decision: 'review', candidates: [[one.id, 0.7]] }, Nobody: { decision: 'reject' } })
  const near = await mention('Acm')
  assert.equal(near.status, 'accepted')
  assert.equal(near.profile_id, one.id)
  assert.match(near.reason, /has the award A1 of the list/)
  assert.equal(near.reasons[0].kind, 'same_award')
  const far = await mention('Nobody')
  assert.equal(far.status, 'review')
  assert.equal(far.candidates[0].profileId, other.id)
})

test('GG-08 mentions of one unknown vendor become one contractor without UEI, which is told from the records', async () => {
  await three()
  await loadList(
    { piid: 'L1', vendor: 'Quixotic Turbines LLC', agency: 'Navy', value: '10' },
    { piid: 'L2', vendor: 'QUIXOTIC TURBINES, L.L.C.', agency: 'Army', value: '20' },
    { piid: 'L3', vendor: 'Orchid Bakery', agency: 'Army', value: '30' },
  )
  assert.equal((await resolve({})).rejected, 3)
  const vendors = await run(
    'select id, name, uei, is_hidden from contractors.contractor_profiles where uei is null order by name',
  )
  assert.equal(vendors.length, 2)
  assert.equal(vendors[0].name, 'Orchid Bakery')
  assert.match(vendors[1].name, /quixotic/i)
  const awards = await run(
    'select count(*)::integer as n from contractors.awards where mention_id = any (contractors.profile_mentions($1))',
    [vendors[1].id],
  )
  assert.equal(awards[0].n, 2)
  // Once more: nothing new is made, and a later spelling joins.
  await loadList({ piid: 'L4', vendor: 'Quixotic Turbines', agency: 'Navy', value: '1' })
  await resolve({})
  assert.equal((await mention('Quixotic Turbines')).profile_id, vendors[1].id)
})

test('GG-08 a vendor of its own stays one when it is looked at again, until somebody with its name is registered', async () => {
  await three()
  await loadList({ piid: 'L1', vendor: 'Quixotic Turbines LLC', agency: 'Navy', value: '10' })
  await resolveMentions(db, { now: () => now })
  const { profile_id: vendor } = await mention('Quixotic Turbines LLC')
  await admin.query('update contractors.mentions set resolved_at = null')
  assert.equal((await resolveMentions(db, { now: () => now })).rejected, 1)
  assert.equal((await mention('Quixotic Turbines LLC')).profile_id, vendor)
  await loadAwards({ piid: 'Q1', uei: 'J7M9HPTGJ1S9', entity_name: 'QUIXOTIC TURBINES LLC' })
  assert.equal((await resolveMentions(db, { now: () => now })).accepted, 1)
  const registered = await profile('J7M9HPTGJ1S9')
  assert.equal((await mention('Quixotic Turbines LLC')).profile_id, registered.id)
  assert.equal((await byId(vendor)).merged_into, registered.id)
})

test('GG-08 an import that changes the catalogue has undecided mentions looked at again, and never one that a person decided', async () => {
  const { one } = await three()
  await loadList(
    { piid: 'L1', vendor: 'Zen', agency: 'Navy', value: '1' },
    { piid: 'L2', vendor: 'Acme', agency: 'Navy', value: '1' },
  )
  await resolve({ Acme: { decision: 'review', candidates: [[one.id, 0.8]] } })
  const vendor = (await mention('Zen')).profile_id
  await rejectMention(db, {}, (await mention('Acme')).id, { reason: 'Another Acme' }, ann)
  await loadAwards({ piid: 'Z9', uei: 'J7M9HPTGJ1S9', entity_name: 'ZEN CORP' })
  const zen = await profile('J7M9HPTGJ1S9')
  await resolve({
    Zen: { decision: 'accept', candidates: [[zen.id, 0.99]] },
    Acme: { decision: 'accept', candidates: [[one.id, 1]] },
  })
  assert.equal((await mention('Zen')).profile_id, zen.id)
  assert.equal((await mention('Acme')).status, 'rejected')
  // Lists that have the vendor go on with the contractor that it was found to be.
  assert.equal((await byId(vendor)).merged_into, zen.id)
})

test('GG-08 a CAGE code that one contractor alone has decides, unless the names contradict it', async () => {
  const { old } = await three()
  await loadList(
    { piid: 'L1', vendor: 'Acme Holding', agency: 'Navy', value: '1' },
    { piid: 'L2', vendor: 'Bakery', agency: 'Navy', value: '1' },
  )
  await admin.query(`update contractors.mentions set cage_code = '1ABC2'`)
  const engine = saying({
    'Acme Holding': { decision: 'review', candidates: [[old.id, 0.6]] },
    Bakery: { decision: 'review', candidates: [[old.id, 0.6]] },
  })
  await resolveMentions(db, {
    now: () => now,
    match: async (tx, mentions) => {
      const matches = await engine(tx, mentions)
      const bakery = matches[mentions.findIndex(({ name }) => name === 'Bakery')]!
      bakery.candidates[0]!.reasons = [{ kind: 'name_differs', weight: -9, text: 'The names differ.' }]
      return matches
    },
  })
  assert.equal((await mention('Acme Holding')).status, 'accepted')
  assert.match((await mention('Acme Holding')).reason, /alone has its CAGE code/)
  assert.equal((await mention('Bakery')).status, 'review')
})

test('GG-08 of two reviewers one decides and the other is told what happened', async () => {
  const { one, other } = await three()
  await loadList({ piid: 'L1', vendor: 'Acme', agency: 'Navy', value: '1' })
  await resolve({
    Acme: {
      decision: 'review',
      candidates: [
        [one.id, 0.8],
        [other.id, 0.1],
      ],
    },
  })
  const { id } = await mention('Acme')
  const results = await Promise.allSettled([
    acceptMention(db, {}, id, { contractorId: one.id }, ann),
    acceptMention(db, {}, id, { contractorId: other.id }, ben),
  ])
  const won = results.filter(result => result.status === 'fulfilled')
  const lost = results.filter(result => result.status === 'rejected')
  assert.equal(won.length, 1)
  assert.equal(lost[0]!.reason.code, 'contractors.decided_already')
  assert.match(lost[0]!.reason.message, /(Ann|Ben) accepted it as (ACME INC|ZENITH LLC)/)
  assert.equal((await run('select count(*)::integer as n from contractors.match_decisions'))[0].n, 1)
})

test('GG-08 a rejected mention is a vendor of its own, and undoing it leaves what was', async () => {
  const { one } = await three()
  await loadList({ piid: 'L1', vendor: 'Acme', agency: 'Navy', value: '1' })
  await resolve({ Acme: { decision: 'review', candidates: [[one.id, 0.8]] } })
  const before = await mention('Acme')
  const start = await profiles()
  const decision = await rejectMention(db, {}, before.id, { reason: 'A namesake in Ohio' }, ann)
  const vendor = await byId(decision.profileId)
  assert.equal(vendor.name, 'Acme')
  assert.equal(vendor.uei, null)
  assert.equal(vendor.is_hidden, false)
  await undoDecision(db, {}, decision.id, { reason: 'Wrong key' }, ben)
  const { updated_at: _, ...back } = await mention('Acme')
  const { updated_at: __, ...was } = before
  assert.deepEqual(back, was)
  assert.equal(await profiles(), start)
  await assert.rejects(undoDecision(db, {}, decision.id, { reason: 'Again' }, ann), {
    code: 'contractors.undone_already',
  })
  assert.equal((await rejectMention(db, {}, before.id, { reason }, ann)).profileId, vendor.id)
})

test('GG-08 a merged contractor is told from the records of both, its id stays, and undoing gives both back', async () => {
  const { one, old } = await three()
  const start = await profiles()
  const merge = await mergeContractors(db, {}, { survivorId: one.id, absorbedId: old.id, reason }, ann)
  const survivor = await profile(acme)
  assert.equal(survivor.name, 'ACME INC')
  assert.equal(survivor.cage_code, '1ABC2')
  assert.equal(survivor.total_contract_value, '150.00')
  assert.equal((await profile(acmeOld)).merged_into, one.id)
  assert.deepEqual((await run('select contractors.profile_ueis($1) as ueis', [one.id]))[0].ueis, [acme, acmeOld])
  // An import of the absorbed one's records goes to the survivor.
  await loadAwards({ piid: 'A4', uei: acmeOld, entity_name: 'ACME HOLDINGS', total_obligated_amount: '1.00' })
  assert.equal((await profile(acme)).total_contract_value, '151.00')
  assert.equal((await profile(acmeOld)).total_contract_value, '50.00')
  await undoDecision(db, {}, merge.id, { reason: 'Two firms' }, ben)
  assert.equal((await profile(acme)).total_contract_value, '100.00')
  assert.equal((await profile(acmeOld)).total_contract_value, '51.00')
  await admin.query(`delete from contractors.awards where piid = 'A4'`)
  await admin.query(`delete from contractors.contractors where data ->> 'piid' = 'A4'`)
  await undoDecision(
    db,
    {},
    (await mergeContractors(db, {}, { survivorId: one.id, absorbedId: old.id, reason }, ann)).id,
    { reason },
    ann,
  )
  assert.equal(await profiles(), start)
})

test('GG-08 a merge that makes no sense is refused with words', async () => {
  const { one, old, other } = await three()
  await loadList({ piid: 'L1', vendor: 'Acme', agency: 'Navy', value: '1' })
  await resolve({})
  const vendor = (await mention('Acme')).profile_id
  const merge = (survivorId: string, absorbedId: string) =>
    mergeContractors(db, {}, { survivorId, absorbedId, reason }, ann)
  await merge(one.id, old.id)
  await assert.rejects(merge(one.id, old.id), { code: 'contractors.absorbed_already' })
  await assert.rejects(merge(old.id, one.id), { code: 'contractors.merge_is_ring' })
  await assert.rejects(merge(one.id, one.id), { code: 'contractors.merge_is_ring' })
  await assert.rejects(merge(vendor, other.id), { code: 'contractors.merge_needs_uei' })
  // Into an absorbed one goes to its survivor.
  assert.equal((await merge(old.id, other.id)).profileId, one.id)
  await admin.query('update contractors.contractor_profiles set is_hidden = true where id = $1', [vendor])
  await assert.rejects(merge(one.id, vendor), { code: 'contractors.contractor_unknown' })
  await admin.query(
    'update contractors.contractor_profiles set is_hidden = false, is_placeholder = true where id = $1',
    [vendor],
  )
  await assert.rejects(merge(one.id, vendor), { code: 'contractors.placeholder_stays' })
})

test('GG-08 mentions and absorbed contractors are taken out of a contractor again', async () => {
  const { one, old } = await three()
  await loadList(
    { piid: 'L1', vendor: 'Acme', agency: 'Navy', value: '1' },
    { piid: 'L2', vendor: 'Acmee', agency: 'Navy', value: '1' },
  )
  await resolve({
    Acme: { decision: 'accept', candidates: [[one.id, 1]] },
    Acmee: { decision: 'accept', candidates: [[one.id, 1]] },
  })
  const start = await profiles()
  const { id } = await mention('Acmee')
  const split = await splitContractor(db, {}, one.id, { mentionIds: [id], reason }, ann)
  assert.equal((await mention('Acmee')).profile_id, split.profileId)
  assert.deepEqual(await recordUei('Acmee'), [null])
  assert.deepEqual(await recordUei('Acme'), [acme])
  await assert.rejects(splitContractor(db, {}, one.id, { mentionIds: [id], reason }, ann), {
    code: 'contractors.mention_elsewhere',
  })
  await assert.rejects(splitContractor(db, {}, split.profileId, { mentionIds: [id], reason }, ann), {
    code: 'contractors.nothing_left',
  })
  // The machine leaves it there.
  await admin.query('update contractors.mentions set resolved_at = null')
  await resolve({
    Acmee: { decision: 'accept', candidates: [[one.id, 1]] },
    Acme: { decision: 'accept', candidates: [[one.id, 1]] },
  })
  assert.equal((await mention('Acmee')).profile_id, split.profileId)
  await undoDecision(db, {}, split.id, { reason }, ann)
  assert.equal(await profiles(), start)
  await mergeContractors(db, {}, { survivorId: one.id, absorbedId: old.id, reason }, ann)
  await releaseContractor(db, {}, one.id, { absorbedId: old.id, reason: 'Two firms' }, ann)
  await assert.rejects(releaseContractor(db, {}, one.id, { absorbedId: old.id, reason }, ann), {
    code: 'contractors.not_absorbed',
  })
  assert.equal(await profiles(), start)
})

test('GG-08 many are accepted at once above a score, told before in a dry run, and taken back at once', async () => {
  const { one, other } = await three()
  await loadList(
    ...['Acme', 'Acm', 'Zen', 'Z'].map((vendor, place) => ({ piid: `L${place}`, vendor, agency: 'Navy', value: '1' })),
  )
  await resolve({
    Acme: { decision: 'review', candidates: [[one.id, 0.9]] },
    Acm: { decision: 'review', candidates: [[one.id, 0.8]] },
    Zen: { decision: 'review', candidates: [[other.id, 0.95]] },
    Z: { decision: 'review', candidates: [[other.id, 0.3]] },
  })
  const start = await profiles()
  assert.deepEqual(await acceptAbove(db, {}, { minScore: 0.8, dryRun: true }, ann), {
    batchId: null,
    accepted: 3,
    left: 0,
  })
  assert.equal(await profiles(), start)
  const { batchId, accepted } = await acceptAbove(db, {}, { minScore: 0.8 }, ann)
  assert.equal(accepted, 3)
  assert.equal((await mention('Z')).status, 'review')
  assert.equal(
    (
      await run(
        `select count(*)::integer as n from audit.audit_logs where resource = 'contractors.match_decisions' and action = 'insert' and changes -> 'batch_id' ->> 'new' = $1`,
        [batchId],
      )
    )[0].n,
    3,
  )
  assert.deepEqual(await undoBatch(db, {}, batchId!, { reason: 'Too many' }, ben), { undone: 3, kept: 0 })
  assert.equal(await profiles(), start)
})

test('GG-08 whatever is decided, merged, split and undone: once all is undone the contractors are what they were', async () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    await admin.query(`
      delete from contractors.match_decisions; delete from contractors.awards; delete from contractors.listed_awards;
      delete from contractors.mentions; delete from contractors.contractors; delete from contractors.observations;
      delete from contractors.families; delete from contractors.contractor_profiles`)
    const { one, old, other } = await three()
    const vendors = ['Acme', 'Acmee', 'Zen', 'Zenit', 'Loner']
    await loadList(...vendors.map((vendor, place) => ({ piid: `L${place}`, vendor, agency: 'Navy', value: '1' })))
    await resolve({
      Acme: { decision: 'accept', candidates: [[one.id, 1]] },
      Acmee: { decision: 'review', candidates: [[one.id, 0.8]] },
      Zen: { decision: 'review', candidates: [[other.id, 0.8]] },
      Zenit: { decision: 'accept', candidates: [[other.id, 0.8]] },
    })
    const [start, startFamilies] = [await profiles(), await families()]
    const random = randomOf(seed)
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
    const made = { done: 0, refused: 0 }
    for (let step = 0; step < 25; step++) {
      const ids = (await run('select id from contractors.contractor_profiles')).map(row => row.id as string)
      const mentions = (await run('select id, profile_id from contractors.mentions')) as {
        id: string
        profile_id: string | null
      }[]
      const chosen = pick(mentions)
      const open = (await run('select id from contractors.match_decisions where undone_at is null')).map(
        row => row.id as string,
      )
      const act = pick([
        () => mergeContractors(db, {}, { survivorId: pick(ids), absorbedId: pick(ids), reason }, ann),
        () => mergeContractors(db, {}, { survivorId: pick(ids), absorbedId: pick(ids), reason }, ann),
        () => acceptMention(db, {}, chosen.id, { contractorId: pick(ids) }, ann),
        () => rejectMention(db, {}, chosen.id, { reason }, ann),
        () => splitContractor(db, {}, chosen.profile_id ?? one.id, { mentionIds: [chosen.id], reason }, ann),
        () => undoDecision(db, {}, open.length > 0 ? pick(open) : one.id, { reason }, ann),
      ])
      await act().then(
        () => made.done++,
        error => {
          assert.match(String(error.code), /^contractors\./)
          made.refused++
        },
      )
      assert.equal(
        (
          await run(`
        select count(*)::integer as n
        from contractors.contractor_profiles as p
        join contractors.contractor_profiles as s on s.id = p.merged_into
        where s.merged_into is not null`)
        )[0].n,
        0,
      )
    }
    assert.ok(made.done > 5, JSON.stringify(made))
    const ids = (await run('select id from contractors.contractor_profiles order by id')).map(row => row.id)
    for (const { id } of await run(
      'select id from contractors.match_decisions where undone_at is null order by id desc',
    ))
      await undoDecision(db, {}, id, { reason }, ben)
    assert.equal(await profiles(), start, `seed ${seed}`)
    assert.equal(await families(), startFamilies)
    assert.deepEqual(
      (await run('select id from contractors.contractor_profiles order by id')).map(row => row.id),
      ids,
    )
    void old
  }
})

/** A sequence that is the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed * 2654435761
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0
    return state / 2 ** 32
  }
}
