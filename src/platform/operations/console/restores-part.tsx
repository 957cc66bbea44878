import { Text } from '@mantine/core'
import { EmptyState, formatAgo, formatExactTime, formatTime } from '#platform/console'
import type { Run } from './backups.ts'
import classes from './operations.module.css'
import { TablePart } from './part.tsx'
import { StatusBadge } from './status-badge.tsx'

type Counts = { added: number; changed: number; removed: number; leftOut: number; erased: number }
type Staying = { reason: string; tables: readonly string[] }
/** What the record of a restore says; older ones have less, or `stays` by table. */
type Told = {
  scope?: 'tenant' | 'table'
  slug?: string
  table?: string
  tenant?: string | null
  into?: string | null
  database?: string | null
  mode?: string
  isRevived?: boolean
  isForgetful?: boolean
  rows?: number
  counts?: Counts | null
  tables?: Readonly<Record<string, Counts>>
  stays?: readonly Staying[] | Readonly<Record<string, string>>
  recovery?: { until?: string; backup?: string }
}

/** GG-21: which workspaces and tables were brought back, by whom, and what came of it. */
export function Restores({ restores }: { restores: readonly Run[] }) {
  if (restores.length === 0)
    return (
      <section className="panel" aria-label="Restores">
        <EmptyState icon="clock" title="No workspace and no table was restored">
          At the command line: <code>commonhold restore</code> with{' '}
          <code className={classes.unbroken}>--tenant SLUG</code> or{' '}
          <code className={classes.unbroken}>--table SCHEMA.TABLE</code>, and{' '}
          <code className={classes.unbroken}>--at TIME</code>. Both say first, with{' '}
          <code className={classes.unbroken}>--dry-run</code>, what would change.
        </EmptyState>
      </section>
    )
  return (
    <TablePart
      title="Restores"
      note="Of one workspace or one table, while everything runs. Each row that changed is in the audit log."
      rows={restores}
      keyOf={run => run.id}
      nothing=""
      columns={[
        { label: 'What', isLong: true, of: ({ result }) => wordsOf(result) },
        { label: 'State', of: ({ state }) => <StatusBadge status={state} /> },
        {
          label: 'Done',
          of: ({ startedAt }) => (
            <time dateTime={startedAt} title={formatExactTime(startedAt)}>
              {formatAgo(startedAt)}
            </time>
          ),
        },
        { label: 'By', of: ({ requestedBy }) => requestedBy ?? 'the clock' },
        {
          label: 'As it was',
          of: ({ result }) => {
            const { recovery } = told(result)
            return recovery?.until && <time dateTime={recovery.until}>{formatTime(recovery.until)}</time>
          },
        },
        {
          label: 'Came of it',
          isLong: true,
          of: ({ result, failure }) =>
            failure ?? (
              <>
                {effectOf(told(result))}
                {told(result).isForgetful &&
                  '. Whom somebody erased by hand before it was deleted is not on record: erase these people again'}
                <Stays stays={told(result).stays} />
              </>
            ),
        },
      ]}
    />
  )
}

const told = (result: Run['result']): Told => (result ?? {}) as Told

/** What was restored. */
export function wordsOf(result: Run['result']): string {
  const { scope, slug, table, tenant, into, database, mode, isRevived } = told(result)
  const there = database ? `, in ${database}` : ''
  if (scope === 'tenant') return `Workspace ${slug}, ${isRevived ? 'made again' : (mode ?? '')}${there}`
  if (scope === 'table')
    return `Table ${table}${tenant ? ` of ${tenant}` : ''}, ${into ? `beside as ${into}` : 'in its place'}${there}`
  return 'A restore'
}

function effectOf({ scope, tables, counts, rows }: Told): string {
  if (scope === 'table' && !counts) return `${many(rows ?? 0)} rows`
  const all = counts ? [counts] : Object.values(tables ?? {})
  const sum = (name: keyof Counts) => all.reduce((total, each) => total + each[name], 0)
  const parts = [
    [sum('added'), 'came back'],
    [sum('changed'), 'were put back'],
    [sum('removed'), 'went'],
    [sum('leftOut'), 'could not come back'],
    [sum('erased'), 'stayed out or lost something, for people who are erased'],
  ] as const
  const words = parts.filter(([count]) => count > 0).map(([count, what]) => `${many(count)} ${what}`)
  return words.length === 0
    ? 'Nothing differed'
    : `${words.join(', ')} (rows of ${all.length} ${all.length === 1 ? 'table' : 'tables'})`
}

const many = (count: number) => count.toLocaleString('en-US')

function Stays({ stays }: Pick<Told, 'stays'>) {
  if (!stays) return null
  const groups: readonly Staying[] = Array.isArray(stays)
    ? stays
    : [...Map.groupBy(Object.entries(stays), ([, reason]) => String(reason))].map(([reason, all]) => ({
        reason,
        tables: all.map(([table]) => table),
      }))
  const count = groups.reduce((sum, { tables }) => sum + tables.length, 0)
  if (count === 0) return null
  return (
    <details>
      <summary>{count} tables stay as they are now</summary>
      {groups.map(({ reason, tables }) => (
        <Text key={reason} size="xs" mt={4} style={{ overflowWrap: 'anywhere' }}>
          <b>{reason}</b>: {tables.join(', ')}
        </Text>
      ))}
    </details>
  )
}
