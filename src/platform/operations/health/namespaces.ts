import { sql } from '#platform/database'

/** The schemas that are ours: not the server's own. */
export const userNamespaces = sql`
  select oid
  from pg_namespace
  where nspname !~ '^pg_'
    and nspname <> 'information_schema'`

/**
 * Relations that somebody holds, or waits for, to the exclusion of all others: to ask for their size would wait behind him.
 * What the server last knew of it stands for it then.
 */
export const shutRelations = sql`
  select relation
  from pg_locks
  where mode = 'AccessExclusiveLock'
    and relation is not null
    and database = (select oid from pg_database where datname = current_database())`

/** The bytes of a relation of `pg_class` by one of the server's functions of size, without waiting for its lock. */
export const sizeOf = (
  how: 'pg_total_relation_size' | 'pg_table_size' | 'pg_indexes_size' | 'pg_relation_size',
  relation: string,
) => sql`case
  when ${sql.raw(relation)} in (${shutRelations}) then
    (select relpages::bigint * 8192 from pg_class where oid = ${sql.raw(relation)})
  else ${sql.raw(how)}(${sql.raw(relation)})
end`
