import type { RawBuilder } from 'kysely'
import type { ClientBase } from 'pg'
import { json, query, sql } from '#platform/database'
import { placeholderUeis } from '../uei.ts'
import { fieldPriorities } from './sources.ts'

/** What an import did to the profiles. */
export type ProfileCounts = { inserted: number; updated: number }

/** Runs a statement in the caller's transaction; rows come as the database names their columns. */
export type Run = <Row>(statement: RawBuilder<Row>) => Promise<Row[]>

export const runOn =
  (client: ClientBase): Run =>
  async statement => {
    const { sql: text, parameters } = statement.compile(query)
    return (await client.query(text, [...parameters])).rows
  }

/**
 * Makes anew the profiles of the contractors whose records the import has brought or changed (GG-08), and of those that
 * lose an award of a list because now a source brings it that names the contractor.
 */
export async function mergeProfiles(
  client: ClientBase,
  now: Date,
  { isFirst }: { isFirst: boolean },
): Promise<ProfileCounts> {
  const run = runOn(client)
  if (isFirst) return await makeFirst(run, now)
  const losers = await dropListedAwards(run)
  const counts = await foldProfiles(run, now, {
    ueis: sql`
      select uei from pg_temp.import_rows where uei is not null
      union
      select old_uei from pg_temp.import_rows where is_known and old_uei is not null
      union
      select uei from pg_temp.import_ueis
    `,
    ids: sql`
      select mention.profile_id as id
      from pg_temp.import_rows as r
      join contractors.mentions as mention on mention.id in (r.mention_id, r.old_mention_id)
      where (r.mention_id is not null or r.old_mention_id is not null)
        and mention.profile_id is not null
      union
      select unnest(${losers}::uuid[])
    `,
  })
  // Another name, another contractor: what no person has decided is looked at again.
  if (counts.inserted + counts.updated > 0)
    await run(sql`
      update contractors.mentions
      set resolved_at = null
      where decided_at is null
        and resolved_at is not null
    `)
  return counts
}

/** Whose profiles are made anew: by UEI (column uei), whether there is a profile or not, and by id (column id). */
export type Touched = { ueis?: RawBuilder<unknown>; ids: RawBuilder<unknown> }

/**
 * Folds each touched contractor from the records of all identifiers and mentions that are its own or that it has
 * absorbed: for each field its own before what it has absorbed; then the value of the source that is trusted most with
 * it, of equal ones the newest; an empty value never counts. Of parents the newest counts, whoever names it. Money and
 * counts come from the awards, active and completed as of `now` (its UTC day). Who was absorbed stays as it is: its
 * survivor is folded instead. Then the families are right again.
 */
export async function foldProfiles(run: Run, now: Date, touched: Touched): Promise<ProfileCounts> {
  await run(sql`select contractors.open_fold()`)
  return await foldMembers(run, now, touched)
}

async function makeFirst(run: Run, now: Date): Promise<ProfileCounts> {
  await run(sql`select contractors.open_fold()`)
  const [first] = await run(writeFirst(now))
  const others = await foldMembers(run, now, {
    ueis: sql`select uei from pg_temp.import_ueis`,
    ids: sql`select null::uuid as id limit 0`,
  })
  return { inserted: first!.inserted + others.inserted, updated: others.updated }
}

async function foldMembers(run: Run, now: Date, touched: Touched): Promise<ProfileCounts> {
  await run(selectMembers(touched))
  await run(sql`select contractors.measure_fold()`)
  const [counts] = await run(writeIdentified(now))
  const [vendor] = await run(sql`select from pg_temp.fold_members where uei is null and length(key) = 36 limit 1`)
  const [others] = vendor ? await run(writeUnidentified(now)) : []
  await run(sql`select contractors.refresh_families(array(select uei from pg_temp.fold_changed))`)
  return { inserted: counts!.inserted, updated: counts!.updated + (others?.updated ?? 0) }
}

/** An award of a list goes when a source brings one with its number. The profiles that had it, by id. */
async function dropListedAwards(run: Run): Promise<string[]> {
  const dropped = await run(sql<{ id: string }>`
    with dropped as (
      delete from contractors.awards as a
      using (select distinct piid from pg_temp.import_rows where award_id is not null and uei is not null) as brought
      where a.mention_id is not null
        and a.piid = brought.piid
      returning a.mention_id
    )
    select distinct mention.profile_id as id
    from dropped
    join contractors.mentions as mention on mention.id = dropped.mention_id
    where mention.profile_id is not null
  `)
  return dropped.map(({ id }) => id)
}

function selectMembers({ ueis = sql`select null::text as uei limit 0`, ids }: Touched) {
  return sql`
    insert into pg_temp.fold_members (key, is_own, uei, mention_id)
    with touched as materialized (${ueis}),
    touched_ids as materialized (${ids}),
    absorbed as materialized (
      select absorbed.id, absorbed.uei, survivor.id as home_id, survivor.uei as home_uei
      from contractors.contractor_profiles as absorbed
      join contractors.contractor_profiles as survivor on survivor.id = absorbed.merged_into
      where absorbed.merged_into is not null
    ),
    homes as materialized (
      select distinct home_id as id, home_uei as uei
      from absorbed
      where absorbed.uei in (select uei from touched)
        or absorbed.home_uei in (select uei from touched)
        or absorbed.id in (select id from touched_ids)
        or absorbed.home_id in (select id from touched_ids)
    ),
    alone as materialized (
      select profile.id, profile.uei
      from touched_ids
      join contractors.contractor_profiles as profile on profile.id = touched_ids.id
      where profile.merged_into is null
        and not exists (select from homes where homes.id = profile.id)
    ),
    inmates as materialized (
      select coalesce(homes.uei, homes.id::text) as key, homes.id = profile.id as is_own, profile.id, profile.uei
      from homes
      cross join lateral (
        select id, uei from contractors.contractor_profiles where id = homes.id
        union all
        select id, uei from contractors.contractor_profiles where merged_into = homes.id
      ) as profile
    )
    select touched.uei, true, touched.uei, null::uuid
    from touched
    where not exists (select from absorbed where absorbed.uei = touched.uei)
      and not exists (select from homes where homes.uei = touched.uei)
    union all
    select alone.uei, true, alone.uei, null
    from alone
    where alone.uei is not null
      and not exists (select from touched where touched.uei = alone.uei)
    union all
    select alone.id::text, true, null, mention.id
    from alone
    left join contractors.mentions as mention on mention.profile_id = alone.id
    where alone.uei is null
    union all
    select inmates.key, inmates.is_own, inmates.uei, null
    from inmates
    where inmates.uei is not null
    union all
    select inmates.key, inmates.is_own, null, mention.id
    from inmates
    left join contractors.mentions as mention on mention.profile_id = inmates.id
    where inmates.uei is null
  `
}

// What sources say of a contractor, as jsonb_to_record takes it; both lines of the street apart.
const toldFields = `
  "cageCode" text,
  "legalBusinessName" text,
  "dbaName" text,
  city text,
  state text,
  "zipCode" text,
  country text,
  "congressionalDistrict" text,
  "businessStartDate" date,
  "fiscalYearEndDate" text,
  "naicsCode" text,
  "entityStructure" text,
  "organizationType" text,
  "businessTypes" jsonb,
  certifications jsonb,
  "registrationDate" date,
  "registrationStatus" text,
  "lastUpdatedDate" date,
  "isHidden" boolean,
  "parentUei" text,
  "parentName" text,
  province text,
  "stateOfIncorporation" text,
  website text
`

const titles = sql`
  select distinct on (code) code, title
  from contractors.naics_codes
  order by code, edition desc
`

const saidOfParents = sql`
  case
    when f."parentUei" ~ '^[A-HJ-NP-Z0-9]{12}$' and f."parentUei" <> all (${placeholderUeis}::text[])
      then nullif(f."parentUei", keys.key)
  end as parent_uei,
  jsonb_strip_nulls(
    jsonb_build_object(
      'parentUei', f."parentUei",
      'parentName', f."parentName",
      'province', f.province,
      'stateOfIncorporation', f."stateOfIncorporation",
      'website', f.website
    )
  ) as metadata
`

/** What the records say of each key: CTEs up to `profiles`, one row for a key. */
function fold(keys: RawBuilder<unknown>, now: Date) {
  const priorities = json(fieldPriorities())
  return sql`
    with keys as materialized (${keys}),
    said as materialized (
      select *, count(*) over (partition by key) = 1 as is_only
      from (
        select distinct on (observation_id) key, is_own, observation_id, observed_on, id as record_id, source_id
        from (
          select m.key, m.is_own, c.observation_id, c.observed_on, c.id, c.source_id
          from keys
          join pg_temp.fold_members as m on m.key = keys.key
          join contractors.contractors as c on c.uei = m.uei
          union all
          select m.key, m.is_own, c.observation_id, c.observed_on, c.id, c.source_id
          from keys
          join pg_temp.fold_members as m on m.key = keys.key
          join contractors.contractors as c on c.mention_id = m.mention_id
        ) as record
        order by observation_id, observed_on desc nulls last, source_id desc
      ) as latest
    ),
    best as (
      select distinct on (said.key, given.field) said.key, given.field, given.value, said.record_id
      from said
      join contractors.observations as o on o.id = said.observation_id
      cross join lateral jsonb_each(o.fields) as given (field, value)
      -- Who did not agree to be shown hides itself, not the one that absorbed it.
      where not said.is_only
        and (said.is_own or given.field <> 'isHidden')
      order by said.key, given.field,
        said.is_own desc,
        case
          when given.field in ('parentUei', 'parentName') then 0
          else coalesce((${priorities} -> o.source -> given.field)::integer, (${priorities} -> o.source -> '*')::integer)
        end desc,
        said.observed_on desc nulls last,
        o.source,
        said.source_id desc
    ),
    won as (
      select best.key, coalesce(part.field, best.field) as field, coalesce(part.value, best.value) as value, best.record_id
      from best
      left join lateral jsonb_each(case best.field when 'street' then best.value end) as part (field, value) on true
    ),
    given as (
      select key, record_id, jsonb_object_agg(field, value) as fields, jsonb_agg(field order by field) as names
      from won
      group by key, record_id
    ),
    rivals as (
      select folded.key, folded.fields, told.field_sources
      from (select key, jsonb_object_agg(field, value) as fields from won group by key) as folded
      join (select key, jsonb_object_agg(record_id, names) as field_sources from given group by key) as told
        on told.key = folded.key
    ),
    -- Of most contractors one source says one thing: that is taken as it is, which costs a fifth of comparing its fields.
    unrivalled as (
      select said.key, said.record_id, case when said.is_own then given.fields else given.fields - 'isHidden' end as fields
      from said
      join contractors.observations as o on o.id = said.observation_id
      cross join lateral (select (o.fields - 'street') || coalesce(o.fields -> 'street', '{}') as fields) as given
      where said.is_only
      -- Else the planner works the fields out wherever they are named.
      offset 0
    ),
    known as (
      select key, fields, field_sources
      from rivals
      union all
      select key, fields,
        jsonb_build_object(record_id, (select jsonb_agg(field order by field) from jsonb_object_keys(fields) as field))
      from unrivalled
      where fields <> '{}'
    ),
    money as (
      select key,
        sum(total_obligated) as total,
        round(sum(total_obligated) / nullif(count(total_obligated), 0), 2) as average,
        count(*) filter (where completion_date >= ${now.toISOString().slice(0, 10)}::date) as active,
        count(*) filter (where completion_date < ${now.toISOString().slice(0, 10)}::date) as completed,
        array_agg(distinct agency_id order by agency_id) as agencies,
        max(last_action_date) as last_award_date
      from (
        select m.key, a.total_obligated, a.completion_date, a.agency_id, a.last_action_date
        from keys
        join pg_temp.fold_members as m on m.key = keys.key
        join contractors.awards as a on a.uei = m.uei
        union all
        select m.key, a.total_obligated, a.completion_date, a.agency_id, a.last_action_date
        from keys
        join pg_temp.fold_members as m on m.key = keys.key
        join contractors.awards as a on a.mention_id = m.mention_id
        where a.uei is null
      ) as award
      group by key
    ),
    profiles as (
      select
        keys.key,
        known.key is not null as is_told,
        coalesce(known.fields - 'isHidden' <> '{}' or money.key is not null, false) as is_shown,
        f.*,
        naics.title as naics_description,
        money.total,
        money.average,
        coalesce(money.active, 0) as active,
        coalesce(money.completed, 0) as completed,
        coalesce(money.agencies, '{}') as award_agencies,
        money.last_award_date,
        ${saidOfParents},
        coalesce(known.field_sources, '{}') as field_sources
      from keys
      left join known on known.key = keys.key
      left join money on money.key = keys.key
      cross join lateral jsonb_to_record(coalesce(known.fields, '{}')) as f (
        ${sql.raw(toldFields)},
        "addressLine1" text,
        "addressLine2" text
      )
      left join (${titles}) as naics on naics.code = f."naicsCode"
    )
  `
}

// The columns that a fold writes, with their values from profiles; the others no source has.
const written: readonly (readonly [column: string, value: string])[] = [
  ['cage_code', '"cageCode"'],
  ['name', 'coalesce("legalBusinessName", "dbaName", key)'],
  ['dba_name', '"dbaName"'],
  ['legal_business_name', '"legalBusinessName"'],
  ['address_line_1', '"addressLine1"'],
  ['address_line_2', '"addressLine2"'],
  ['city', 'city'],
  ['state', 'state'],
  ['zip_code', '"zipCode"'],
  ['country', `coalesce(country, 'USA')`],
  ['congressional_district', '"congressionalDistrict"'],
  ['business_start_date', '"businessStartDate"'],
  ['fiscal_year_end_date', '"fiscalYearEndDate"'],
  ['naics_code', '"naicsCode"'],
  ['naics_description', 'naics_description'],
  ['entity_structure', '"entityStructure"'],
  ['organization_type', '"organizationType"'],
  ['business_types', `coalesce("businessTypes", '[]')`],
  ['total_contract_value', 'total'],
  ['active_contracts_count', 'active'],
  ['completed_contracts_count', 'completed'],
  ['average_contract_value', 'average'],
  ['award_agencies', 'award_agencies'],
  ['last_award_date', 'last_award_date'],
  ['certifications', `coalesce(certifications, '{}')`],
  ['registration_date', '"registrationDate"'],
  ['registration_status', '"registrationStatus"'],
  ['last_updated_date', `"lastUpdatedDate"::timestamp at time zone 'UTC'`],
  ['metadata', 'metadata'],
  ['parent_uei', 'parent_uei'],
  ['field_sources', 'field_sources'],
]
const names = ['name', 'dba_name', 'legal_business_name']
const columns = [...written.map(([column]) => column), 'is_placeholder', 'is_hidden']
const values = sql.raw(written.map(([, value]) => value).join(', '))
const list = (prefix: string, from = columns) => sql.raw(from.map(column => `${prefix}.${column}`).join(', '))
const set = (but: readonly string[] = []) =>
  sql.raw(columns.flatMap(column => (but.includes(column) ? [] : [`${column} = excluded.${column}`])).join(', '))

/**
 * Who keeps his names is written without them: what the search makes of names is the dearest part of a profile. Nobody
 * else makes profiles meanwhile, so that who is not there does not come in between.
 */
function writeIdentified(now: Date) {
  return sql<ProfileCounts>`
    ${fold(sql`select key from pg_temp.fold_members where is_own and uei is not null`, now)},
    excluded as materialized (
      select told.*, p.id,
        (${list('p', names)}) is distinct from (${list('told', names)}) as is_renamed,
        (${list('p')}) is distinct from (${list('told')}) as is_changed
      from (
        select key, is_told and (not coalesce("isHidden", false) or is_shown) as may_begin,
          ${sql.raw(written.map(([column, value]) => `${value} as ${column}`).join(', '))},
          key = any (${placeholderUeis}::text[]) as is_placeholder,
          coalesce("isHidden", false) as is_hidden
        from profiles
      ) as told
      left join contractors.contractor_profiles as p on p.uei = told.key
    ),
    renamed as (
      update contractors.contractor_profiles as p
      set ${set()}, updated_at = ${now}::timestamptz
      from excluded
      where p.id = excluded.id
        and excluded.is_renamed
      returning p.uei, p.parent_uei, p.family_uei
    ),
    changed as (
      update contractors.contractor_profiles as p
      set ${set(names)}, updated_at = ${now}::timestamptz
      from excluded
      where p.id = excluded.id
        and excluded.is_changed
        and not excluded.is_renamed
      returning p.uei, p.parent_uei, p.family_uei
    ),
    added as (
      insert into contractors.contractor_profiles as p
        (uei, family_uei, created_at, updated_at, ${sql.raw(columns.join(', '))})
      select key, key, ${now}::timestamptz, ${now}::timestamptz, ${list('excluded')}
      from excluded
      where id is null
        and may_begin
      returning p.uei, p.parent_uei, p.family_uei
    ),
    merged as (
      select * from renamed
      union all
      select * from changed
      union all
      select * from added
    ),
    noted as (
      insert into pg_temp.fold_changed (uei)
      select uei
      from merged
      where parent_uei is not null
        or family_uei <> uei
        or uei in (select uei from contractors.families)
    )
    select (select count(*) from added)::integer as inserted,
      ((select count(*) from renamed) + (select count(*) from changed))::integer as updated
  `
}

/**
 * Into a catalogue that is empty: whoever has one record in the file is what that says, and need not be looked for, nor
 * held against others. Half of the time of a fold. The others are in import_ueis.
 */
function writeFirst(now: Date) {
  return sql<{ inserted: number }>`
    with keys as (
      select r.uei as key, r.id as record_id, r.fields, r.told
      from pg_temp.import_rows as r
      where r.told is not null
        and r.uei is not null
        and not exists (select from pg_temp.import_ueis as repeated where repeated.uei = r.uei)
    ),
    profiles as (
      select
        keys.key,
        f.*,
        f.street ->> 'addressLine1' as "addressLine1",
        f.street ->> 'addressLine2' as "addressLine2",
        naics.title as naics_description,
        null::numeric as total,
        null::numeric as average,
        0 as active,
        0 as completed,
        '{}'::text[] as award_agencies,
        null::date as last_award_date,
        ${saidOfParents},
        jsonb_build_object(keys.record_id, keys.told) as field_sources
      from keys
      cross join lateral jsonb_to_record(keys.fields) as f (
        ${sql.raw(toldFields)},
        street jsonb
      )
      left join (${titles}) as naics on naics.code = f."naicsCode"
      where keys.told <> '[]'
        and (keys.told <> '["isHidden"]' or not coalesce(f."isHidden", false))
    ),
    added as (
      insert into contractors.contractor_profiles as p
        (uei, family_uei, created_at, updated_at, ${sql.raw(columns.join(', '))})
      select key, key, ${now}::timestamptz, ${now}::timestamptz, ${values},
        key = any (${placeholderUeis}::text[]), coalesce("isHidden", false)
      from profiles
      returning p.uei, p.parent_uei
    ),
    noted as (
      insert into pg_temp.fold_changed (uei)
      select uei
      from added
      where parent_uei is not null
    )
    select count(*)::integer as inserted
    from added
  `
}

/** Who has several records in staging, or one that does not say which columns it gives. */
export const repeatedUeis = `
  select uei
  from pg_temp.import_rows
  where uei is not null
  group by uei
  having count(*) > 1 or bool_or(told is null)
`

/** One of whom nothing is told any more is kept, since lists may refer to it, and not shown. */
function writeUnidentified(now: Date) {
  return sql<{ updated: number }>`
    ${fold(sql`select distinct key from pg_temp.fold_members where uei is null and length(key) = 36`, now)},
    excluded as (
      select key::uuid as id, is_told, ${sql.raw(written.map(([column, value]) => `${value} as ${column}`).join(', '))},
        false as is_placeholder, false as is_hidden
      from profiles
    ),
    changed as (
      update contractors.contractor_profiles as p
      set ${set()}, updated_at = ${now}::timestamptz
      from excluded
      where p.id = excluded.id
        and excluded.is_told
        and (${list('p')}) is distinct from (${list('excluded')})
      returning p.id
    ),
    emptied as (
      update contractors.contractor_profiles as p
      set is_hidden = true
      from excluded
      where p.id = excluded.id
        and not excluded.is_told
        and not p.is_hidden
      returning p.id
    )
    select ((select count(*) from changed) + (select count(*) from emptied))::integer as updated
  `
}
