import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import {
  EmptyState,
  ErrorState,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  useAddress,
  useResources,
  useSession,
} from '#platform/console'
import classes from './audit.module.css'
import {
  auditLogsQuery,
  auditOptionsQuery,
  capitalised,
  exportAddress,
  type Filters,
  nameAction,
  readFilters,
  sealQuery,
} from './audit-logs.ts'
import { AuditTabs } from './audit-tabs.tsx'
import { EntryTable } from './entry-table.tsx'
import { nounOf, rememberRows } from './sentences.ts'

export function Page() {
  const [filters, change] = useAddress(readFilters)
  const { can } = useSession()
  const query = useInfiniteQuery({ ...auditLogsQuery(filters), placeholderData: keepPreviousData })
  const entries = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const people = useQuery(auditOptionsQuery).data?.people
  const remembered = useMemo(() => {
    const users = (people ?? []).map(
      ({ userId, userName }): [string, { name: string | undefined; isGone: boolean }] => [
        `identity.users/${userId}`,
        { name: userName ?? undefined, isGone: false },
      ],
    )
    return new Map([...rememberRows(entries), ...users])
  }, [entries, people])
  const isFiltered = Object.values(filters).some(Boolean)
  const clear = () => change({ user: '', action: '', resource: '', resourceId: '', from: '', to: '', q: '' })

  return (
    <>
      <PageHeader
        title="Audit log"
        lead={
          <>
            Who changed what in this workspace. Entries are only ever added. <SealLine />
          </>
        }
        actions={
          can('audit.logs.export') &&
          (['csv', 'jsonl'] as const).map(format => (
            <Button
              key={format}
              component="a"
              href={exportAddress(filters, format)}
              download
              variant="default"
              size="xs"
              leftSection={<Icon name="download" size={15} />}
            >
              {format === 'csv' ? 'Export CSV' : 'Export JSON lines'}
            </Button>
          ))
        }
      />
      <AuditTabs />
      <FilterBar filters={filters} change={change} clear={isFiltered ? clear : undefined} />
      {query.isPending ? (
        <div role="status" aria-label="Loading the audit log">
          <Skeleton height={400} />
        </div>
      ) : query.isError && entries.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : entries.length === 0 && !query.hasNextPage ? (
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
              ? filters.q && !filters.from
                ? 'A text is looked for in the last 90 days: choose an earlier date, or leave out a filter.'
                : 'Widen the dates or leave out a filter.'
              : 'Sign-ins and every change of lists, members and roles will stand here.'}
          </EmptyState>
        </div>
      ) : (
        <div
          className="panel"
          style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}
          aria-busy={query.isPlaceholderData}
        >
          <EntryTable entries={entries} remembered={remembered} change={change} />
          <LoadMore query={query} label="Load older entries">
            {filters.q && !filters.from
              ? 'A text is looked for in the last 90 days: choose a date for more.'
              : 'The log begins here.'}
          </LoadMore>
        </div>
      )}
    </>
  )
}

/** Nothing while it is not known, or before the first checkpoint. */
function SealLine() {
  const { data } = useQuery(sealQuery)
  if (!data?.checkpoint) return null
  const { checkpoint, verification } = data
  return (
    <>
      Sealed until <time dateTime={checkpoint.at}>{formatTime(checkpoint.at)}</time>
      {verification?.isSound && (
        <>
          , verified <time dateTime={verification.endedAt}>{formatTime(verification.endedAt)}</time>
        </>
      )}
      {verification && !verification.isSound && (
        <b>. The last verification found that the log was altered: ask who runs this installation</b>
      )}
      .
    </>
  )
}

function FilterBar({ filters, change, clear }: FilterBarProps) {
  const { user } = useSession()
  const resources = useResources()
  const { data } = useQuery(auditOptionsQuery)
  const people = (data?.people ?? [{ userId: user.id, userName: user.fullName ?? user.email }]).map(
    ({ userId, userName }): Option => [userId, userName ?? userId],
  )
  const actionOf = (action: string): Option => [action, nameAction(action)]
  const resourceOf = (resource: string): Option => [resource, capitalised(nounOf(resource, resources))]
  const options = (any: string, offered: readonly Option[], chosen: Option) => [
    { value: '', label: any },
    ...[...new Map(chosen[0] ? [chosen, ...offered] : offered)]
      .map(([value, label]) => ({ value, label }))
      .toSorted((a, b) => a.label.localeCompare(b.label)),
  ]
  return (
    <search className={classes.filters} aria-label="Filter the audit log">
      <NativeSelect
        size="xs"
        label="User"
        value={filters.user}
        onChange={event => change({ user: event.currentTarget.value })}
        data={options('Everybody', people, [filters.user, filters.user])}
      />
      <NativeSelect
        size="xs"
        label="Action"
        value={filters.action}
        onChange={event => change({ action: event.currentTarget.value })}
        data={options('All actions', (data?.actions ?? []).map(actionOf), actionOf(filters.action))}
      />
      <NativeSelect
        size="xs"
        label="Resource"
        value={filters.resource}
        onChange={event => change({ resource: event.currentTarget.value, resourceId: '' })}
        data={options('All resources', (data?.resources ?? []).map(resourceOf), resourceOf(filters.resource))}
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
      <TextInput
        size="xs"
        type="search"
        label="Text"
        key={filters.q}
        defaultValue={filters.q}
        maxLength={200}
        placeholder="Enter to search"
        onBlur={event => change({ q: event.currentTarget.value.trim() }, true)}
        onKeyDown={event => event.key === 'Enter' && change({ q: event.currentTarget.value.trim() }, true)}
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
  clear: (() => void) | undefined
}

type Option = readonly [value: string, label: string]
