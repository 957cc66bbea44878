import { sql } from '#platform/database'

/** The schemas that are ours: not the server's own. */
export const userNamespaces = sql`
  select oid
  from pg_namespace
  where nspname !~ '^pg_'
    and nspname <> 'information_schema'`
