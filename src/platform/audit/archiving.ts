import type pg from 'pg'
import { readSigned } from '#platform/crypto'
import { statementsOf } from '#platform/database'
import type { ArchivedPartition, PartitionArchiving } from '#platform/module.ts'
import { type ArchivedMonth, type ArchivedPart, archiveType } from './archived-months.ts'
import { entryExpressions, personalKeys } from './entry-hashes.ts'
import { erasureAction } from './erasure-records.ts'
import { listErasedFromLog } from './erasures.ts'
import { errors } from './errors.ts'

/** GG-16: a month of the sealed log goes into an archive with a signed record, and comes back without one. */
export const logArchiving: PartitionArchiving = {
  // The log is erased later than the account: a month that was archived in between still tells of the person.
  listErasedSince: listErasedFromLog,

  async prepareDrop(client, archived, { sign, now }) {
    const tenants = await listParts(client, archived)
    const { rows: states } = await client.query<{ log: string }>('select log_id as log from audit.sealing')
    const { archive, from, to, rows, sha256, fileSha256 } = archived
    const log = states[0]?.log as string
    const month = { log, archive, from, to, rows, sha256, fileSha256, at: now.toISOString(), tenants }
    const signed = await sign(month satisfies ArchivedMonth, archiveType)
    const { rows: erasures } = await client.query<{ signed: string | null }>(
      `select details ->> 'signed' as signed from only ${archived.partition} where action = $1`,
      [erasureAction],
    )
    const kept = erasures.flatMap(({ signed: text }) => text ?? [])
    return async () => {
      await client.query(
        `insert into audit.archived_months (archive, since, until, rows, signed, erasures) values ($1, $2, $3, $4, $5, $6)`,
        [archive, from, to, rows, signed, kept],
      )
      await tell(client, 'audit.month_archived', archived, { from, to, rows, fileSha256 })
    }
  },

  async comeBack(client, archived) {
    const erased = await listErasedFromLog(statementsOf(client), archived.writtenAt)
    if (erased.size > 0) throw errors.erasedSinceArchived({ archive: archived.archive, count: erased.size })
    // Put out of the way while the rows came in, and not as firm as on every other partition since.
    await client.query(`alter table ${archived.partition} enable always trigger append_only`)
    await client.query('delete from audit.archived_months where archive = $1', [archived.archive])
    const { from, to } = archived
    await tell(client, 'audit.month_returned', archived, { from, to, rows: archived.rows })
  },
}

async function tell(client: pg.Client, action: string, { archive }: ArchivedPartition, details: object) {
  await client.query(`select audit.record_event($1, 'audit.archived_months', $2, $3)`, [
    action,
    archive,
    JSON.stringify(details),
  ])
}

/**
 * Of each tenant the positions of the partition's entries. Refuses where an entry is not what was sealed, or one that was
 * sealed is not there: then the month stays as it is, for whoever looks into it.
 */
async function listParts(client: pg.Client, { partition, from, to }: ArchivedPartition): Promise<ArchivedPart[]> {
  const { rows: declared } = await client.query(
    'select format, resource, columns from audit.personal_columns order by format, resource',
  )
  const { leaf } = entryExpressions(personalKeys(declared))
  const { rows: records } = await client.query<{ signed: string }>(
    'select signed from audit.archived_months where since < $2 and until > $1',
    [from, to],
  )
  const covered = records.flatMap(({ signed }) => {
    const month = readSigned(signed, archiveType)?.document as ArchivedMonth | undefined
    return month?.tenants ?? []
  })
  const { rows } = await client.query<ArchivedPart & { wrong: string | null }>(
    `with covered as (
      select
        (covering ->> 'tenantId')::uuid as tenant_id,
        (run ->> 0)::bigint as first,
        (run ->> 1)::bigint as count
      from jsonb_array_elements($3::jsonb) as covering
      cross join lateral jsonb_array_elements(covering -> 'runs') as run
    ),
    sealed as (
      select
        seal.tenant_id,
        seal.first_position + step as position,
        encode(substr(seal.keys, step * 24 + 1, 16), 'hex')::uuid as id,
        substr(seal.keys, step * 24 + 1, 24) as key,
        substr(seal.leaves, step * 32 + 1, 32) as leaf
      from audit.seals as seal
      cross join lateral generate_series(0, seal.entries - 1) as step
      where substr(seal.keys, step * 24 + 17, 8) >= int8send((extract(epoch from $1::timestamptz) * 1000000)::bigint)
        and substr(seal.keys, step * 24 + 17, 8) < int8send((extract(epoch from $2::timestamptz) * 1000000)::bigint)
    ),
    -- What an earlier record covers may have come again with a moved tenant: then it has a younger position too.
    open as (
      select sealed.*
      from sealed
      where not exists (
        select
        from covered
        where covered.tenant_id = sealed.tenant_id
          and sealed.position >= covered.first
          and sealed.position < covered.first + covered.count
      )
    ),
    present as (
      select entry.tenant_id, entry.id, ${leaf} as leaf
      from only ${partition} as entry
    ),
    paired as (
      select
        coalesce(open.tenant_id, present.tenant_id) as tenant_id,
        coalesce(open.id, present.id) as id,
        open.position,
        open.key,
        open.leaf,
        open.leaf is distinct from present.leaf as is_wrong
      from open
      full join present on present.tenant_id = open.tenant_id and present.id = open.id
    ),
    stepped as (
      select paired.*, position - row_number() over (partition by tenant_id order by position) as run
      from paired
    ),
    runs as (
      select tenant_id, json_agg(json_build_array(first, count) order by first) as runs
      from (
        select tenant_id, min(position) as first, count(*) as count
        from stepped
        where position is not null
        group by tenant_id, run
      ) as each
      group by tenant_id
    )
    select
      stepped.tenant_id as "tenantId",
      (array_agg(runs.runs))[1] as runs,
      rtrim(translate(encode(sha256(string_agg(key || leaf, ''::bytea order by position)), 'base64'), '+/' || E'\\n', '-_'), '=')
        as entries,
      min(id::text) filter (where is_wrong) as wrong
    from stepped
    left join runs on runs.tenant_id = stepped.tenant_id
    group by stepped.tenant_id
    order by stepped.tenant_id`,
    [from, to, JSON.stringify(covered)],
  )
  const wrong = rows.find(each => each.wrong !== null)
  if (wrong) throw errors.monthNotSealed({ partition, id: wrong.wrong as string, tenantId: wrong.tenantId })
  return rows.map(({ tenantId, runs, entries }) => ({ tenantId, runs, entries }))
}
