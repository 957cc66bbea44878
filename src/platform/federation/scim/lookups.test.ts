import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '#platform/database'
import { directoryOf } from '#test/scim-clients.ts'
import { testWorld } from '#test/world.ts'
import { groupCondition, userCondition } from './conditions.ts'
import { parseFilter } from './filters.ts'

const world = await testWorld({ hasRouteLimits: false })
const { admin, alice, bob, db } = world
const acme = await directoryOf(world, alice, { name: 'Acme', domains: ['acme.example'] })
const other = await directoryOf(world, bob, { name: 'Other', domains: ['other.example'] })
const size = 2_000
await admin.query(
  `insert into federation.scim_users (tenant_id, provider_id, user_name, external_id, attributes, addresses)
   select of.tenant_id, of.provider_id, 'Person' || n || '@acme.example', 'ext-' || n, '{"displayName": "Somebody"}',
     array['person' || n || '@acme.example']
   from (values ($1::uuid, $2::uuid), ($3, $4)) as of (tenant_id, provider_id)
   cross join generate_series(1, ${size}) as n`,
  [alice.tenantId, acme.providerId, bob.tenantId, other.providerId],
)
await admin.query(
  `insert into federation.scim_groups (tenant_id, provider_id, display_name, external_id)
   select $1, $2, 'Group ' || n, 'group-' || n
   from generate_series(1, ${size}) as n`,
  [alice.tenantId, acme.providerId],
)
await admin.query('analyze federation.scim_users, federation.scim_groups')

/** What the database does for who is bound by row security; the conditions of a directory's list come first. */
async function planOf(table: 'scim_users as person' | 'scim_groups as pushed', condition: ReturnType<typeof sql>) {
  const users = table.startsWith('scim_users')
  const rows = await db.scoped({ tenantId: alice.tenantId }).run(sql<{ queryPlan: string }>`
    explain (costs off)
    select count(*)
    from federation.${sql.raw(table)}
    where ${users ? sql`person.tenant_id` : sql`pushed.tenant_id`} = ${alice.tenantId}
      and ${users ? sql`person.provider_id` : sql`pushed.provider_id`} = ${acme.providerId}
      ${users ? sql`and person.deleted_at is null` : sql``}
      and ${condition}`)
  return rows.map(row => Object.values(row)[0]).join('\n')
}

test('AG-05 AG-01 who is looked for by userName or externalId is found by an index, though row security holds', async () => {
  for (const filter of ['userName eq "PERSON7@acme.example"', 'externalId eq "ext-7"']) {
    const plan = await planOf('scim_users as person', userCondition(parseFilter(filter)))
    const key = filter.startsWith('userName') ? 'user_name_key' : 'external_id'
    assert.match(plan, new RegExp(`Index Cond: .*${key} =`), `${filter}\n${plan}`)
  }
  const plan = await planOf('scim_groups as pushed', groupCondition(parseFilter('displayName eq "group 7"')))
  assert.match(plan, /Index Cond: .*display_name_key =/, plan)
  for (const filter of ['userName eq "PERSON7@acme.example"', 'externalId eq "ext-7"']) {
    const { status, body } = await acme.ask('GET', `/Users?filter=${encodeURIComponent(filter)}`)
    assert.equal(status, 200)
    assert.deepEqual(
      body.Resources.map(({ userName }: { userName: string }) => userName),
      ['Person7@acme.example'],
      'one, and the other tenant has one of the same name',
    )
  }
})
