import { Button, Center, NativeSelect, Skeleton, Text, TextInput } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useRef } from 'react'
import { EmptyState, ErrorState, PageHeader, useAddress, useSession } from '#platform/console'
import classes from './audit.module.css'
import { AuditEntry } from './audit-entry.tsx'
import { type AuditLog, auditLogsQuery, type Filters, nameAction, nameResource, readFilters } from './audit-logs.ts'

export function Page() {
  const [filters, change] = useAddress(readFilters)
  const query = useInfiniteQuery({ ...auditLogsQuery(filters), placeholderData: keepPreviousData })
  const entries = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const isFiltered = Object.values(filters).some(Boolean)
  const clear = () => change({ user: '', action: '', resource: '', resourceId: '', from: '', to: '' })

  return (
    <>
      <PageHeader title="Audit log" lead="Who changed what in this workspace. Entries are only ever added." />
      <FilterBar filters={filters} change={change} entries={entries} clear={isFiltered ? clear : undefined} />
      {query.isPending ? (
        <div role="status" aria-label="Loading the audit log">
          <Skeleton height={400} />
        </div>
      ) : query.isError && entries.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : entries.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="log"
            title={isFiltered ? 'Nothing was done that fits' : 'Nothing has been done here yet'}
            action={
              isFiltered && (
                <Button variant="default" onClick={clear}>
                  Clear the filters
                </Button>
              )
            }
          >
            {isFiltered
              ? 'Widen the dates or leave out a filter.'
              : 'Sign-ins and every change of lists, members and roles will stand here.'}
          </EmptyState>
        </div>
      ) : (
        <div
          className="panel"
          style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}
          aria-busy={query.isPlaceholderData}
        >
          <table className={classes.table}>
            <thead>
              <tr>
                <th style={{ width: 34 }}>
                  <span className="visually-hidden">Details</span>
                </th>
                <th>When</th>
                <th className={classes.wide}>Who</th>
                <th>What</th>
                <th className={classes.wide}>Changed</th>
              </tr>
            </thead>
            <tbody>
              {entries.map(entry => (
                <AuditEntry key={entry.id} entry={entry} change={change} />
              ))}
            </tbody>
          </table>
          {query.hasNextPage ? (
            <Center p="sm">
              <Button
                variant="default"
                size="xs"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                Load older entries
              </Button>
            </Center>
          ) : (
            <Text size="xs" c="dimmed" ta="center" p="sm">
              The log begins here.
            </Text>
          )}
        </div>
      )}
    </>
  )
}

function FilterBar({ filters, change, entries, clear }: FilterBarProps) {
  const { user } = useSession()
  const people = useSeen(
    entries.flatMap(entry => (entry.userId ? [[entry.userId, entry.userName ?? entry.userId]] : [])),
    [[user.id, user.fullName ?? user.email]],
  )
  const actions = useSeen(
    entries.map(entry => [entry.action, nameAction(entry.action)]),
    ['insert', 'update', 'delete'].map(action => [action, nameAction(action)]),
  )
  const resources = useSeen(
    entries.flatMap(entry => (entry.resource ? [[entry.resource, nameResource(entry.resource)]] : [])),
    [],
  )
  const options = (any: string, seen: ReadonlyMap<string, string>, chosen: string) => [
    { value: '', label: any },
    ...(chosen && !seen.has(chosen) ? [{ value: chosen, label: chosen }] : []),
    ...[...seen].map(([value, label]) => ({ value, label })).toSorted((a, b) => a.label.localeCompare(b.label)),
  ]
  return (
    <search className={classes.filters} aria-label="Filter the audit log">
      <NativeSelect
        size="xs"
        label="User"
        value={filters.user}
        onChange={event => change({ user: event.currentTarget.value })}
        data={options('Everybody', people, filters.user)}
      />
      <NativeSelect
        size="xs"
        label="Action"
        value={filters.action}
        onChange={event => change({ action: event.currentTarget.value })}
        data={options('All actions', actions, filters.action)}
      />
      <NativeSelect
        size="xs"
        label="Resource"
        value={filters.resource}
        onChange={event => change({ resource: event.currentTarget.value, resourceId: '' })}
        data={options('All resources', resources, filters.resource)}
      />
      <TextInput
        size="xs"
        type="date"
        label="From"
        value={filters.from}
        max={filters.to || undefined}
        onChange={event => change({ from: event.currentTarget.value }, true)}
      />
      <TextInput
        size="xs"
        type="date"
        label="To"
        value={filters.to}
        min={filters.from || undefined}
        onChange={event => change({ to: event.currentTarget.value }, true)}
      />
      {clear && (
        <Button variant="default" size="xs" onClick={clear}>
          Clear{filters.resourceId && ' (one resource)'}
        </Button>
      )}
    </search>
  )
}

type FilterBarProps = {
  filters: Filters
  change: (change: Partial<Filters>, replace?: boolean) => void
  entries: readonly AuditLog[]
  clear: (() => void) | undefined
}

/** What has been met so far stays on offer while the filters narrow what is shown. */
function useSeen(met: readonly string[][], known: readonly string[][]): ReadonlyMap<string, string> {
  const seen = useRef(new Map<string, string>())
  for (const [value = '', label = ''] of [...known, ...met]) seen.current.set(value, label)
  return seen.current
}
