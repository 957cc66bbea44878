import { type Statements, sql } from '#platform/database'

export type SlowStatement = {
  /** The server's own number of it; changes with the version. */
  id: string
  /** With `$1` in the place of values. */
  text: string
  calls: number
  meanMs: number
  longestMs: number
  totalMs: number
  /** Of the time that all statements took, 0 to 1. */
  share: number
  rows: number
  /** Of the blocks that it read, those that were in memory, 0 to 1; null where it read none. */
  cacheHit: number | null
}

export type StatementStatistics = {
  /** `missing`: the extension is not there; `not_loaded`: not in shared_preload_libraries; `hidden`: this login may not read it. */
  state: 'ready' | 'missing' | 'not_loaded' | 'hidden'
  /** What to do about any other state. */
  advice: string | null
  items: SlowStatement[]
}

/** Statements that take longer than this on average are slow, ms (GG-23). */
export const slowMs = 100

/** GG-23: statements of this database above `slowMs` on average, those that took most time first. */
export async function listSlowStatements(tx: Statements, limit = 50, aboveMs = slowMs): Promise<StatementStatistics> {
  const found = await tx.maybe(sql<{ view: string; isLoaded: boolean; maySee: boolean }>`
    select
      format('%I.pg_stat_statements', n.nspname) as view,
      current_setting('shared_preload_libraries') ~ 'pg_stat_statements' as is_loaded,
      pg_has_role(current_user, 'pg_read_all_stats', 'usage') as may_see
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'`)
  if (!found) return without('missing')
  if (!found.isLoaded) return without('not_loaded')
  if (!found.maySee) return without('hidden')
  const items = await tx.run(sql<SlowStatement>`
    with statements as (
      select
        queryid,
        min(query) as query,
        sum(calls)::bigint as calls,
        sum(total_exec_time) as total,
        max(max_exec_time) as longest,
        sum(rows)::bigint as rows,
        sum(shared_blks_hit) as hit,
        sum(shared_blks_read) as read
      from ${sql.raw(found.view)}
      where dbid = (select oid from pg_database where datname = current_database())
      group by queryid
    )
    select
      queryid::text as id,
      query as text,
      calls,
      total / calls as mean_ms,
      longest as longest_ms,
      total as total_ms,
      coalesce(total / nullif((select sum(total) from statements), 0), 0)::float8 as share,
      rows,
      (hit / nullif(hit + read, 0))::float8 as cache_hit
    from statements
    where calls > 0
      and total / calls >= ${aboveMs}
    order by total desc
    limit ${limit}`)
  return { state: 'ready', advice: null, items: items.map(item => ({ ...item, text: withoutValues(item.text) })) }
}

const advices = {
  missing:
    'See that shared_preload_libraries has pg_stat_statements (a start of the server makes it so), then run as a superuser of this database: create extension pg_stat_statements',
  not_loaded: "Set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf and start the server again",
  hidden: 'Let the login of DATABASE_URL read it: grant pg_read_all_stats to <login>',
}

const without = (state: keyof typeof advices): StatementStatistics => ({ state, advice: advices[state], items: [] })

/** Makes the extension where this login may and it is loaded; live without it is a state, no error. */
export async function prepareStatementStatistics(tx: Statements): Promise<void> {
  const { isWanted } = await tx.one(sql<{ isWanted: boolean }>`
    select
      current_setting('shared_preload_libraries', true) ~ 'pg_stat_statements'
      and exists (select from pg_available_extensions where name = 'pg_stat_statements')
      and not exists (select from pg_extension where extname = 'pg_stat_statements') as is_wanted`)
  if (!isWanted) return
  await tx.run(sql`
    do $$
    begin
      create extension if not exists pg_stat_statements schema public;
    exception
      -- another program was faster, or this login may not: the doctor says so
      when insufficient_privilege or duplicate_object or unique_violation then null;
    end
    $$`)
}

/**
 * A statement as it may be shown: values that stand in it become `'…'`, numbers `…`, comments go. Statistics have none, except
 * of commands such as `create role … password '…'`; what a session is doing may have any, and is cut off anywhere.
 */
export function withoutValues(text: string): string {
  return text
    .replace(lexeme, it => (it.startsWith('"') ? it : /^[-/]/.test(it) ? ' ' : /^\d/.test(it) ? '…' : "'…'"))
    .trim()
}

/** Where a comment, a name in quotes or a value begins, and its end: an apostrophe in one of them begins none. */
const lexeme = new RegExp(
  [
    /--[^\n]*/,
    // One within another, which an expression cannot follow, takes the rest along.
    /\/\*(?:(?!\/\*)[\s\S])*?\*\/|\/\*[\s\S]*/,
    /"(?:[^"]|"")*(?:"|$)/,
    /(?<![\w$])[eE]'(?:[^'\\]|''|\\[\s\S]|\\$)*(?:'|$)/,
    /(?:(?<![\w$])(?:[uU]&|[xXbBnN]))?'(?:[^']|'')*(?:'|$)/,
    /(?<![\w$])\$(?<tag>[^\W\d]\w*)?\$[\s\S]*?(?:\$\k<tag>\$|$)/,
    /(?<![\w$])\d[\w.]*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)
