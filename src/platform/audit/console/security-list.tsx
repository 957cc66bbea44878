import { Anchor, Badge, Button, NativeSelect, Skeleton, Text, TextInput } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import {
  EmptyState,
  ErrorState,
  formatExactTime,
  formatTime,
  Icon,
  LoadMore,
  ScrollRegion,
  useAddress,
  useSession,
} from '#platform/console'
import classes from './audit.module.css'
import { capitalised } from './audit-logs.ts'
import {
  declarationsQuery,
  exportAddress,
  readFilters,
  type SecurityEvent,
  type SecurityFilters,
  type SecurityPath,
  securityEventsQuery,
} from './security-events.ts'

const looks = {
  low: { color: 'gray', variant: 'light' },
  medium: { color: 'yellow', variant: 'light' },
  high: { color: 'red', variant: 'light' },
  critical: { color: 'red.9', variant: 'filled' },
} as const

type Change = (change: Partial<SecurityFilters>, replace?: boolean) => void

export function SecurityExports({ path, permission }: { path: SecurityPath; permission: string }) {
  const [filters] = useAddress(readFilters)
  const { can } = useSession()
  if (!can(permission)) return null
  return (['csv', 'jsonl'] as const).map(format => (
    <Button
      key={format}
      component="a"
      href={exportAddress(path, filters, format)}
      download
      variant="default"
      size="xs"
      leftSection={<Icon name="download" size={15} />}
    >
      {format === 'csv' ? 'Export CSV' : 'Export JSON lines'}
    </Button>
  ))
}

/** A filter bar and the events that fit, newest first. */
export function SecurityEvents({ path, isOfAll = false }: { path: SecurityPath; isOfAll?: boolean }) {
  const [filters, change] = useAddress(readFilters)
  const query = useInfiniteQuery({ ...securityEventsQuery(path, filters), placeholderData: keepPreviousData })
  const events = query.data?.pages.flatMap(page => page.items) ?? []
  const isFiltered = Object.values(filters).some(Boolean)
  const clear = () =>
    change({ severity: '', category: '', event: '', user: '', workspace: '', from: '', to: '', q: '' })
  return (
    <>
      <Filters filters={filters} change={change} clear={isFiltered ? clear : undefined} />
      {query.isPending ? (
        <div role="status" aria-label="Loading the security events">
          <Skeleton height={400} />
        </div>
      ) : query.isError && events.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : events.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="shield"
            title={isFiltered ? 'Nothing happened that fits' : 'Nothing has happened yet'}
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
              : 'Sign-ins, changes of rights and refused requests will stand here.'}
          </EmptyState>
        </div>
      ) : (
        <div className="panel" aria-busy={query.isPlaceholderData}>
          <ScrollRegion label="Table: security events">
            <table className="data">
              <thead>
                <tr>
                  <th>When</th>
                  <th>Severity</th>
                  <th>What</th>
                  <th>Who</th>
                  <th>From where</th>
                </tr>
              </thead>
              <tbody>
                {events.map(event => (
                  <EventRow key={event.id} event={event} change={change} isOfAll={isOfAll} />
                ))}
              </tbody>
            </table>
          </ScrollRegion>
          <LoadMore query={query} label="Load older events">
            {filters.q && !filters.from
              ? 'A text is looked for in the last 90 days: choose a date for more.'
              : 'There are no older ones: they are archived after a year.'}
          </LoadMore>
        </div>
      )}
    </>
  )
}

function EventRow({ event, change, isOfAll }: { event: SecurityEvent; change: Change; isOfAll: boolean }) {
  const { userId, userName, tenantId, occurrences, details } = event
  const facts = Object.entries(details ?? {}).filter(([, value]) => value !== null && value !== '')
  return (
    <tr>
      <td>
        <time dateTime={event.createdAt} title={formatExactTime(event.createdAt)} style={{ whiteSpace: 'nowrap' }}>
          {formatTime(event.createdAt)}
        </time>
      </td>
      <td>
        <Badge {...looks[event.severity]} tt="none" autoContrast style={{ minWidth: 'max-content' }}>
          {capitalised(event.severity)}
        </Badge>
      </td>
      <td style={{ minWidth: 220 }}>
        {event.description ?? event.event}
        {occurrences > 1 && <b>, {occurrences} times within a minute</b>}
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {[event.resourceId, ...facts.map(([name, value]) => `${name}: ${inWords(value)}`)]
            .filter(Boolean)
            .join(' · ')}
        </Text>
        {!event.isLogged && (
          <Text size="xs" c="red">
            Its entry is not in the audit log any more.
          </Text>
        )}
      </td>
      <td>
        {userId ? (
          <Anchor component="button" type="button" size="sm" ta="left" onClick={() => change({ user: userId })}>
            {userName ?? 'An account'}
          </Anchor>
        ) : (
          'Nobody known'
        )}
        {isOfAll && tenantId && (
          <Anchor
            component="button"
            type="button"
            size="xs"
            ta="left"
            display="block"
            title="Only this workspace"
            onClick={() => change({ workspace: tenantId })}
          >
            {event.tenantName ? (
              <>
                {event.tenantName} <code>{event.tenantSlug}</code>
              </>
            ) : (
              <>
                Deleted workspace <code>{tenantId}</code>
              </>
            )}
          </Anchor>
        )}
      </td>
      <td>
        {event.ipAddress}
        <Text size="xs" c="dimmed" maw={220} truncate title={event.userAgent ?? undefined}>
          {event.userAgent}
        </Text>
      </td>
    </tr>
  )
}

const inWords = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : Array.isArray(value) && value.every(each => typeof each === 'string')
      ? value.join(', ')
      : JSON.stringify(value)

function Filters({
  filters,
  change,
  clear,
}: {
  filters: SecurityFilters
  change: Change
  clear: (() => void) | undefined
}) {
  const { data } = useQuery(declarationsQuery)
  const named = [...new Map((data?.items ?? []).map(({ event, description }) => [event, description]))]
  const known =
    filters.event && !named.some(([event]) => event === filters.event) ? [[filters.event, filters.event]] : []
  return (
    <search className={classes.filters} aria-label="Filter the security events">
      <NativeSelect
        size="xs"
        label="Severity"
        value={filters.severity}
        onChange={event => change({ severity: event.currentTarget.value })}
        data={[
          { value: '', label: 'All' },
          { value: 'medium', label: 'Medium and graver' },
          { value: 'high', label: 'High and critical' },
          { value: 'critical', label: 'Critical' },
        ]}
      />
      <NativeSelect
        size="xs"
        label="About"
        value={filters.category}
        onChange={event => change({ category: event.currentTarget.value })}
        data={[
          { value: '', label: 'Everything' },
          ...['authentication', 'account', 'access', 'workspace', 'installation'].map(value => ({
            value,
            label: capitalised(value),
          })),
        ]}
      />
      <NativeSelect
        size="xs"
        label="Event"
        value={filters.event}
        onChange={event => change({ event: event.currentTarget.value })}
        data={[
          { value: '', label: 'All events' },
          ...[...known, ...named].map(([value = '', label = '']) => ({ value, label })),
        ]}
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
          Clear{filters.user ? ' (one user)' : filters.workspace && ' (one workspace)'}
        </Button>
      )}
    </search>
  )
}
