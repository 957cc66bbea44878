import { type Statements, sql } from '#platform/database'
import { userNamespaces } from './namespaces.ts'

/** After so many transactions without a VACUUM the server would have to stop writing. */
export const lastTransaction = 2 ** 31

export type TransactionRoom = {
  /** Transactions since the oldest row that is not frozen; at 2^31 the server stops writing. */
  xidAge: number
  multixactAge: number
  /** From here on autovacuum does it by force. */
  freezeMaxAge: number
  /** Tables that hold it up, the oldest first. */
  tables: { name: string; xidAge: number; multixactAge: number }[]
}

/** Of this database. */
export async function readTransactionRoom(tx: Statements, limit = 5): Promise<TransactionRoom> {
  const room = await tx.one(sql<Omit<TransactionRoom, 'tables'>>`
    select
      age(datfrozenxid)::bigint as xid_age,
      mxid_age(datminmxid)::bigint as multixact_age,
      current_setting('autovacuum_freeze_max_age')::bigint as freeze_max_age
    from pg_database
    where datname = current_database()`)
  const tables = await tx.run(sql<TransactionRoom['tables'][number]>`
    select
      c.oid::regclass::text as name,
      age(c.relfrozenxid)::bigint as xid_age,
      mxid_age(c.relminmxid)::bigint as multixact_age
    from pg_class c
    where c.relkind in ('r', 'm', 't')
    order by greatest(age(c.relfrozenxid), mxid_age(c.relminmxid)) desc, 1
    limit ${limit}`)
  return { ...room, tables }
}

export type SequenceRoom = {
  name: string
  /** The column that it numbers. */
  column: string | null
  last: string
  most: string
  /** Of what it can count to, 0 to 1: the narrower of the sequence's own type and the column's. */
  used: number
}

/** Sequences by how much of them is used, the fullest first. */
export async function listSequenceRoom(tx: Statements, limit = 100): Promise<SequenceRoom[]> {
  return await tx.run(sql<SequenceRoom>`
    select
      s.seqrelid::regclass::text as name,
      column_of.name as column,
      coalesce(pg_sequence_last_value(s.seqrelid), 0)::text as last,
      most.value::text as most,
      (abs(coalesce(pg_sequence_last_value(s.seqrelid), 0))::numeric / abs(most.value))::float8 as used
    from pg_sequence s
    join pg_class c on c.oid = s.seqrelid and c.relnamespace in (${userNamespaces})
    left join lateral (
      select format('%s.%I', a.attrelid::regclass, a.attname) as name, a.atttypid
      from pg_depend d
      join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.objid = s.seqrelid
        and d.classid = 'pg_class'::regclass
        and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i')
      limit 1
    ) as column_of on true
    cross join lateral (
      select case
        when s.seqincrement < 0 then s.seqmin
        else least(s.seqmax, case column_of.atttypid
          when 'int2'::regtype then 32767
          when 'int4'::regtype then 2147483647
          else 9223372036854775807
        end)
      end as value
    ) as most
    where not s.seqcycle
      and most.value <> 0
      and has_sequence_privilege(s.seqrelid, 'select')
    order by used desc, 1
    limit ${limit}`)
}
