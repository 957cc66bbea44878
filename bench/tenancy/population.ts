import pg from 'pg'
import { createToken, hashToken } from '#platform/crypto'
import type { Scope } from '#platform/database'

/** The same people, lists and items in every size, so that only what lies around them differs. */
const middling = { tenants: 8, readers: 25, lists: 4, itemsPerList: 20 }

/** One who reads lists, with one of his own. */
export type Reader = { scope: Scope; listId: string; cookie: string }

export type Population = {
  tenants: number
  /** Members of tenants that look the same in every size. */
  readers: Reader[]
  /** Members of tenants taken from all over the database. */
  roamers: Reader[]
  operatorCookie: string
}

/**
 * Fills an empty migrated database: tenants with members, roles, lists of 20 and words to find them by. Its triggers rest
 * meanwhile, or two million items would have four million rows of history; what the triggers would have kept besides
 * (words, counters of usage) is counted afterwards. Items lie in the order of their time, as tenants add them side by side.
 */
export async function populate(
  config: pg.ClientConfig,
  { tenants, items, roamers }: { tenants: number; items: number; roamers: number },
): Promise<Population> {
  const admin = new pg.Client(config)
  await admin.connect()
  try {
    await admin.query(`
      set session_replication_role = replica;
      set synchronous_commit = off;
      set work_mem = '256MB';
      set maintenance_work_mem = '512MB'`)
    await addTenants(admin, tenants)
    await addPeople(admin, tenants, items)
    await withoutIndexes(admin, 'contractors.contractor_list_items', () => addItems(admin))
    await countAfterwards(admin)
    await admin.query('set session_replication_role = origin')
    const people = await openSessions(admin, roamers)
    // The program does not start beside tables that do not keep tenants apart.
    await admin.query('drop schema bench cascade')
    await admin.query('vacuum analyze')
    return { tenants, ...people }
  } finally {
    await admin.end()
  }
}

async function addTenants(admin: pg.Client, tenants: number): Promise<void> {
  await admin.query(`
    create schema bench;
    create table bench.tenants as
      select n, md5('tenant ' || n)::uuid as id, n <= ${middling.tenants} as is_middling
      from generate_series(1, ${tenants}) as n`)
  await admin.query(
    `
    insert into tenancy.tenants (id, name, slug, domain, status, status_reason, onboarding_status, created_at)
    select
      id,
      initcap(first) || ' ' || initcap(second) || ' ' || n,
      first || '-' || second || '-' || n,
      case when n % 3 = 0 then first || '-' || second || '-' || n || '.com' end,
      status,
      case when status <> 'active' then 'Not paid' end,
      'completed',
      now() - interval '3 years' * (1 - n::float8 / ${tenants})
    from bench.tenants
    cross join lateral (
      select
        ($1::text[])[1 + n % 20] as first,
        ($1::text[])[1 + (n / 20) % 20] as second,
        case when n % 50 = 0 then 'suspended' else 'active' end as status
    ) as said`,
    [words],
  )
  await admin.query(`
    insert into access.roles (tenant_id, name, is_built_in, is_default)
    select id, name, true, name = 'member'
    from bench.tenants
    cross join unnest(array['owner', 'admin', 'member', 'viewer']) as name`)
}

const words =
  'meridian northgate summit harbor cedar atlas pioneer granite beacon river falcon orchard copper willow keystone liberty maple horizon anchor delta'.split(
    ' ',
  )

/** Of the middling tenants as said above; of all others a member for each thousand items, with lists of 20. */
async function addPeople(admin: pg.Client, tenants: number, items: number): Promise<void> {
  const fixed = middling.tenants * middling.readers * middling.lists * middling.itemsPerList
  const share = Math.floor((items - fixed) / (tenants - middling.tenants))
  if (share < middling.itemsPerList - 1) throw new Error(`${items} items are too few for ${tenants} tenants`)
  const lists = Math.max(1, Math.round(share / middling.itemsPerList))
  const members = Math.ceil(lists / 50)
  await admin.query(`
    create table bench.members as
      select
        md5(id || ' member ' || number)::uuid as user_id,
        md5(id || ' membership ' || number)::uuid as membership_id,
        id as tenant_id,
        number,
        is_middling,
        case
          when is_middling then ${middling.lists}
          else ${Math.floor(lists / members)} + case when number <= ${lists % members} then 1 else 0 end
        end as lists
      from bench.tenants
      cross join lateral generate_series(1, case when is_middling then ${middling.readers} else ${members} end) as number;
    insert into identity.users (id, email, full_name)
      select user_id, user_id || '@bench.example', 'Bench ' || number from bench.members;
    insert into identity.user_profiles (user_id)
      select user_id from bench.members;
    insert into tenancy.user_tenants (tenant_id, id, user_id)
      select tenant_id, membership_id, user_id from bench.members;
    insert into access.user_tenant_roles (tenant_id, user_tenant_id, role_id)
      select member.tenant_id, member.membership_id, role.id
      from bench.members as member
      join access.roles as role on role.tenant_id = member.tenant_id
        and role.name = case when member.number = 1 then 'owner' else 'member' end;
    insert into contractors.contractor_lists (tenant_id, id, user_id, name, is_default)
      select tenant_id, md5(user_id || ' list ' || number)::uuid, user_id, 'List ' || number, number = 1
      from (select tenant_id, user_id, lists from bench.members) as member
      cross join lateral generate_series(1, lists) as number;
    insert into contractors.contractor_profiles (uei, name, total_contract_value)
      select translate(lpad(to_hex(n), 12, 'Z'), 'abcdef', 'ABCDEF'), 'Contractor ' || n, n * 1000
      from generate_series(1, 10000) as n`)
}

async function addItems(admin: pg.Client): Promise<void> {
  await admin.query(`
    create table bench.profiles as
      select row_number() over (order by uei) as n, id from contractors.contractor_profiles;
    create index on bench.profiles (n);
    create table bench.lists as
      select tenant_id, id, user_id, (hashtext(id::text) & 1048575) % 9900 as start from contractors.contractor_lists;
    analyze bench.profiles, bench.lists`)
  await admin.query(`
    insert into contractors.contractor_list_items (tenant_id, list_id, contractor_profile_id, added_by, added_at)
    select list.tenant_id, list.id, profile.id, list.user_id, added_at
    from bench.lists as list
    cross join generate_series(1, ${middling.itemsPerList}) as number
    join bench.profiles as profile on profile.n = list.start + number * 3
    cross join lateral (
      select now() - interval '3 years' * (hashtext(list.id::text || number) & 1048575) / 1048576.0 as added_at
    ) as moment
    order by added_at`)
}

async function countAfterwards(admin: pg.Client): Promise<void> {
  await admin.query(`
    insert into tenancy.tenant_words (tenant_id, word)
      select tenant.id, word
      from tenancy.tenants as tenant
      cross join unnest(tenancy.words_of(tenant.name, tenant.slug, tenant.domain)) as word;
    create table bench.counts as
      select tenant_id, 'tenancy.members' as metric, count(*) as value from tenancy.user_tenants group by 1
      union all
      select tenant_id, 'contractors.lists', count(*) from contractors.contractor_lists group by 1
      union all
      select tenant_id, 'contractors.list_items', count(*) from contractors.contractor_list_items group by 1;
    insert into usage.gauges (tenant_id, metric_name) select tenant_id, metric from bench.counts;
    insert into usage.gauge_shards (tenant_id, metric_name, shard, value) select tenant_id, metric, 0, value from bench.counts`)
}

/** Builds the indexes that are no constraints after the rows. */
async function withoutIndexes(admin: pg.Client, table: string, fill: () => Promise<void>): Promise<void> {
  const { rows } = await admin.query(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
     from pg_index
     where indrelid = $1::regclass and not indisunique`,
    [table],
  )
  for (const { name } of rows) await admin.query(`drop index ${name}`)
  await fill()
  for (const { definition } of rows) await admin.query(definition)
}

async function openSessions(admin: pg.Client, roamers: number) {
  const readers = await peopleOf(admin, 'is_middling', middling.tenants * middling.readers)
  const others = await peopleOf(admin, 'not is_middling', roamers)
  const { rows } = await admin.query(
    `insert into identity.users (email, full_name) values ('operator@bench.example', 'Operator') returning id`,
  )
  await admin.query('insert into identity.operators (user_id) values ($1)', [rows[0].id])
  const people = [...readers, ...others]
  const cookies = await cookiesFor(admin, [
    ...people.map(person => ({ userId: person.user_id, tenantId: person.tenant_id })),
    { userId: rows[0].id, tenantId: null },
  ])
  const all = people.map(
    (person, index): Reader => ({
      scope: { tenantId: person.tenant_id, userId: person.user_id, requestId: crypto.randomUUID(), userName: 'Bench' },
      listId: person.list_id,
      cookie: cookies[index] as string,
    }),
  )
  return {
    readers: all.slice(0, readers.length),
    roamers: all.slice(readers.length),
    operatorCookie: cookies.at(-1) as string,
  }
}

type Person = { tenant_id: string; user_id: string; list_id: string }

/** Of active tenants, and of as many of them as there are. */
async function peopleOf(admin: pg.Client, where: string, most: number): Promise<Person[]> {
  const { rows } = await admin.query<Person>(`
    select member.tenant_id, member.user_id, list.id as list_id
    from bench.members as member
    join tenancy.tenants as tenant on tenant.id = member.tenant_id and tenant.is_active
    join contractors.contractor_lists as list on list.user_id = member.user_id and list.is_default
    where ${where}
    order by member.number, md5(member.tenant_id::text)
    limit ${most}`)
  return rows
}

async function cookiesFor(
  admin: pg.Client,
  sessions: readonly { userId: string; tenantId: string | null }[],
): Promise<string[]> {
  const tokens = sessions.map(() => createToken())
  await admin.query(
    `insert into identity.user_sessions (user_id, active_tenant_id, token_hash, authentication_methods, expires_at, ends_at)
     select user_id, tenant_id, token_hash, '{password}', now() + interval '7 days', now() + interval '30 days'
     from unnest($1::uuid[], $2::uuid[], $3::bytea[]) as session (user_id, tenant_id, token_hash)`,
    [sessions.map(({ userId }) => userId), sessions.map(({ tenantId }) => tenantId), tokens.map(hashToken)],
  )
  return tokens.map(token => `__Host-commonhold=${token}`)
}
