import { type Statements, sql } from '#platform/database'
import { listIndexBloat } from '../health/bloat.ts'
import { listInvalidIndexes } from '../health/indexes.ts'
import { userNamespaces } from '../health/namespaces.ts'

/** What was done to one table or index. */
export type Step = {
  name: string
  did: string
  milliseconds: number
  bytesBefore: number
  bytesAfter: number
  failure: string | null
}

export type Task = {
  name: string
  /** How it says itself in a sentence, and how often it is done. */
  title: string
  every: 'day' | 'week' | 'month'
  /** The last moment, of now or before, at which it was due (UTC). */
  lastDue(now: Date): Date
  /** The tables or indexes that want it now. */
  find(tx: Statements): Promise<{ name: string; did: string; statement: string }[]>
}

const atNight = (now: Date, hour: number, minute: number): Date => {
  const due = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), hour, minute))
  return due > now ? new Date(due.getTime() - 86_400_000) : due
}

type Table = { name: string }

/** An index is built anew where it is at least so large, and so much of it is empty. */
const leastIndexBytes = 8 * 2 ** 20
const leastWaste = 0.4

/** PE-10, in the order in which they are done where several are due. */
export const tasks: readonly Task[] = [
  {
    name: 'vacuum',
    title: 'Clear dead rows away (VACUUM)',
    every: 'day',
    lastDue: now => atNight(now, 3, 0),
    async find(tx) {
      // What autovacuum has done already wants nothing; a table that nobody else uses waits for the freeze it soon needs.
      const rows = await tx.run(sql<Table>`
        select c.oid::regclass::text as name
        from pg_class c
        left join pg_stat_all_tables s on s.relid = c.oid
        where c.relkind in ('r', 'm')
          and c.relnamespace in (${userNamespaces})
          and (
            s.n_dead_tup > 500 + 0.02 * greatest(c.reltuples, 0)
            or s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
            or age(c.relfrozenxid) > 0.5 * current_setting('autovacuum_freeze_max_age')::bigint
          )
        order by s.n_dead_tup desc nulls last, 1`)
      // Whoever holds a lock on it keeps it from this run, and nobody waits behind it.
      return rows.map(({ name }) => ({ name, did: 'vacuum', statement: `vacuum (skip_locked) ${name}` }))
    },
  },
  {
    name: 'analyze',
    title: 'Read the statistics for plans anew (ANALYZE)',
    every: 'week',
    lastDue: now => {
      const night = atNight(now, 3, 30)
      return new Date(night.getTime() - night.getUTCDay() * 86_400_000)
    },
    async find(tx) {
      const rows = await tx.run(sql<Table>`
        select c.oid::regclass::text as name
        from pg_class c
        left join pg_stat_all_tables s on s.relid = c.oid
        where c.relkind in ('r', 'm', 'p')
          and c.relnamespace in (${userNamespaces})
          -- autovacuum never looks at a partitioned table itself
          and (c.relkind = 'p' or s.n_mod_since_analyze > 0 or (c.reltuples <> 0 and coalesce(s.last_analyze, s.last_autoanalyze) is null))
        order by c.relkind = 'p', c.relpages desc, 1`)
      return rows.map(({ name }) => ({ name, did: 'analyze', statement: `analyze (skip_locked) ${name}` }))
    },
  },
  {
    name: 'reindex',
    title: 'Build bloated and invalid indexes anew (REINDEX CONCURRENTLY)',
    every: 'month',
    lastDue: now => {
      const first = (month: number) => new Date(Date.UTC(now.getUTCFullYear(), month, 1, 4, 0))
      return first(now.getUTCMonth()) > now ? first(now.getUTCMonth() - 1) : first(now.getUTCMonth())
    },
    async find(tx) {
      const invalid = await listInvalidIndexes(tx)
      const bloated = (await listIndexBloat(tx, leastIndexBytes)).filter(({ wasted }) => wasted >= leastWaste)
      const isExclusion = new Set(
        (
          await tx.run(sql<Table>`
            select indexrelid::regclass::text as name
            from pg_index
            where indisexclusion`)
        ).map(({ name }) => name),
      )
      return [
        ...invalid.map(({ name, isLeftover }) =>
          isLeftover
            ? {
                name,
                did: 'drop what an interrupted REINDEX has left',
                statement: `drop index concurrently if exists ${name}`,
              }
            : { name, did: 'reindex', statement: `reindex index concurrently ${name}` },
        ),
        ...bloated
          // An exclusion constraint's cannot be built beside the old one.
          .filter(({ name }) => !isExclusion.has(name) && !invalid.some(other => other.name === name))
          .map(({ name }) => ({ name, did: 'reindex', statement: `reindex index concurrently ${name}` })),
      ]
    },
  },
]

export const findTask = (name: string): Task | undefined => tasks.find(task => task.name === name)
