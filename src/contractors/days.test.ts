import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { systemClock } from '#platform/clock.ts'
import { sql } from '#platform/database'
import type { Json } from '#test/json.ts'
import { type Person, testWorld } from '#test/world.ts'
import { breakAwardsDown } from './profiles/award-totals.ts'
import { listAwards } from './profiles/awards.ts'
import { listIndustries } from './profiles/industries.ts'
import { listPerformancePlaces } from './profiles/performance-places.ts'
import { searchContractors } from './search/search.ts'

// Between the two is more than a day: they never have the same date. One of them is always on another day than UTC.
const zones = { late: 'Pacific/Pago_Pago', early: 'Pacific/Kiritimati' } as const
const now = new Date()
mock.method(systemClock, 'now', () => now)
const dayIn = (zone: string) => new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone: zone }).format(now)

const { admin, db, alice, viewer, bob } = await testWorld()
await setZone(alice, zones.early)
await setZone(viewer, zones.late)
const { rows } = await admin.query<{ id: string }>(
  `insert into contractors.contractor_profiles (uei, name, certifications, naics_code)
   values ('DAYS00000001', 'DAYLIGHT SAVINGS LLC', jsonb_build_object('A6', $1::text), '541512')
   returning id`,
  [dayIn(zones.late)],
)
const id = rows[0]!.id

test('GG-06 a certification has expired by the day of who looks, and is found by it', async () => {
  for (const [person, status, found] of [
    [alice, 'expired', 0],
    [viewer, 'current', 1],
    // Of the other tenant, and without a zone of his own: UTC, on whichever side that is.
    [bob, dayIn('UTC') > dayIn(zones.late) ? 'expired' : 'current', dayIn('UTC') > dayIn(zones.late) ? 0 : 1],
  ] as const) {
    const { items } = await get(person, `/contractors/${id}/qualifications`)
    assert.equal(items[0].status, status, person.email)
    const page = await get(person, '/contractors?q=daylight&certification=A6')
    assert.equal(page.total.count, found, person.email)
  }
  const control = await get(alice, `/contractors?q=daylight&certification=A6&certifiedOn=${dayIn(zones.late)}`)
  assert.equal(control.total.count, 1)
})

test('GG-06 a registration has expired by the day of who looks', async () => {
  await admin.query(
    `insert into contractors.contractors (id, source, source_id, uei, data, content_hash, observed_on)
     values (gen_random_uuid(), 'sam_v2', 'days', 'DAYS00000001',
       jsonb_build_object('registration_expiration_date', $1::text), gen_random_uuid(), '2026-01-01')`,
    [dayIn(zones.late).replaceAll('-', '')],
  )
  assert.equal((await get(alice, `/contractors/${id}`)).registration.isExpired, true)
  assert.equal((await get(viewer, `/contractors/${id}`)).registration.isExpired, false)
})

test('GG-06 an alert looks with the day of its person', async () => {
  const told = async (person: Person) => {
    const saved = await person.fetch('/saved-searches', {
      method: 'POST',
      body: { name: 'Certified', search: { q: 'sundial', certification: ['A6'] }, alert: 'never' },
    })
    assert.equal(saved.status, 201)
    return (await saved.json()).id
  }
  const [early, late] = [await told(alice), await told(viewer)]
  await admin.query(
    `insert into contractors.contractor_profiles (uei, name, certifications)
     values ('DAYS00000002', 'SUNDIAL MAKERS LLC', jsonb_build_object('A6', $1::text))`,
    [dayIn(zones.late)],
  )
  const check = async (person: Person, saved: string) =>
    (await (await person.fetch(`/saved-searches/${saved}/check`, { method: 'POST' })).json()).unseen.length
  assert.equal(await check(alice, early), 0)
  assert.equal(await check(viewer, late), 1, 'control')
})

test('GG-06 whether an award is active is the same in whatever zone the server is, and for everybody', async () => {
  const utc = dayIn('UTC')
  const before = new Date(Date.parse(utc) - 86_400_000).toISOString().slice(0, 10)
  await admin.query(
    `insert into contractors.awards
       (id, uei, kind, agency_id, piid, naics_code, place_state, completion_date, total_obligated, record_id)
     values
       (gen_random_uuid(), 'DAYS00000001', 'award', '9700', 'ENDS TODAY', '541512', 'VA', $1, 1, gen_random_uuid()),
       (gen_random_uuid(), 'DAYS00000001', 'award', '9700', 'ENDED', '541512', 'VA', $2, 1, gen_random_uuid())`,
    [utc, before],
  )
  for (const zone of Object.values(zones)) {
    await db.transaction({}, async tx => {
      await tx.run(sql`select set_config('timezone', ${zone}, true)`)
      const { items } = await listAwards(tx, id, { sort: 'completion', order: 'desc', limit: 10 })
      assert.deepEqual(
        items.map(({ piid, status }) => [piid, status]),
        [
          ['ENDS TODAY', 'active'],
          ['ENDED', 'completed'],
        ],
        zone,
      )
      const counts = [
        (await breakAwardsDown(tx, id, 'agency')).items[0]?.active,
        (await listIndustries(tx, id))[0]?.active,
        (await listPerformancePlaces(tx, id)).states[0]?.active,
      ]
      assert.deepEqual(counts, [1, 1, 1], zone)
      const found = await searchContractors(tx, { q: 'daylight', certification: ['A6'], limit: 5 })
      assert.equal(found.total.count, utc > dayIn(zones.late) ? 0 : 1, zone)
      await admin.query(`set timezone = '${zone}'`)
      await admin.query('delete from contractors.summary_refreshes')
      const { rows: refreshed } = await admin.query(
        `insert into contractors.summary_refreshes (status) values ('running') returning id`,
      )
      await admin.query('select contractors.refresh_profile_summary($1)', [refreshed[0].id])
      const { rows: summary } = await admin.query(
        `select active_award_count::integer as active from contractors.contractor_profile_summary
         where dimension = 'agency' and key = '9700'`,
      )
      assert.deepEqual(summary, [{ active: 1 }], zone)
    })
  }
})

async function setZone({ userId }: Person, zone: string) {
  await admin.query('update identity.user_profiles set timezone = $2 where user_id = $1', [userId, zone])
}

async function get(person: Person, path: string): Promise<Json> {
  const answer = await person.fetch(path)
  assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`)
  return await answer.json()
}
