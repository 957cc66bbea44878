import { Badge, Button, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import {
  directory,
  EmptyState,
  ErrorState,
  formatCount,
  formatInstantDay,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  useAddress,
} from '#platform/console'
import {
  accountsQuery,
  type Filters,
  type ListedUser,
  nameOf,
  readFilters,
  type Status,
  type StatusCounts,
  statusColors,
  statusWords,
} from './accounts.ts'

/** Everybody's accounts, for who runs the installation. */
export function Page() {
  const [filters, change] = useAddress(readFilters)
  const [settled] = useDebouncedValue(filters, 250)
  const query = useInfiniteQuery({ ...accountsQuery(settled), placeholderData: keepPreviousData })
  const users = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const counts = query.data?.pages[0]?.counts
  const isFiltered = filters.q !== '' || filters.status !== ''
  return (
    <>
      <PageHeader
        title="Accounts"
        lead="Everybody who has an account in this installation, whatever workspaces they work in."
      />
      <FilterBar filters={filters} change={change} counts={counts} />
      {query.isPending ? (
        <div role="status" aria-label="Loading the accounts">
          <Skeleton height={320} />
        </div>
      ) : query.isError && users.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : users.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="people"
            title="No account found"
            action={
              isFiltered && (
                <Button variant="default" onClick={() => change({ q: '', status: '' })}>
                  Clear the filters
                </Button>
              )
            }
          >
            The search looks for a part of the name or of the address.
          </EmptyState>
        </div>
      ) : (
        <div
          className="panel"
          style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}
          aria-busy={query.isPlaceholderData}
        >
          <table className={directory.table}>
            <thead>
              <tr>
                <th>Account</th>
                <th>Status</th>
                <th>Last sign-in</th>
                <th>Created</th>
              </tr>
            </thead>
            <tbody>
              {users.map(user => (
                <Row key={user.id} user={user} />
              ))}
            </tbody>
          </table>
          <LoadMore query={query} label="Load older accounts">
            {formatCount(users.length)} {users.length === 1 ? 'account' : 'accounts'}
          </LoadMore>
        </div>
      )}
    </>
  )
}

function FilterBar({ filters, change, counts }: FilterBarProps) {
  const total = counts && Object.values(counts).reduce((sum, count) => sum + count, 0)
  const label = (words: string, count: number | undefined) =>
    count === undefined ? words : `${words} (${formatCount(count)})`
  return (
    <search className={directory.filters} aria-label="Filter the accounts">
      <TextInput
        label="Name or address"
        type="search"
        leftSection={<Icon name="search" size={16} />}
        value={filters.q}
        maxLength={255}
        onChange={event => change({ q: event.currentTarget.value }, true)}
      />
      <NativeSelect
        label="Status"
        value={filters.status}
        onChange={event => change({ status: event.currentTarget.value })}
        data={[
          { value: '', label: label('Any status', total) },
          ...(Object.keys(statusWords) as Status[]).map(status => ({
            value: status,
            label: label(statusWords[status], counts?.[status]),
          })),
        ]}
      />
    </search>
  )
}

type FilterBarProps = {
  filters: Filters
  change: (change: Partial<Filters>, replace?: boolean) => void
  counts: StatusCounts | undefined
}

function Row({ user }: { user: ListedUser }) {
  return (
    <tr>
      <td>
        <PageLink to={`/users/${user.id}`} className={directory.name}>
          {nameOf(user)}
        </PageLink>
        <div className={directory.address}>{user.fullName === null ? 'No name' : user.email}</div>
      </td>
      <td>
        <StatusBadge status={user.status} isOperator={user.isOperator} />
      </td>
      <td className={directory.moment} data-label="Last sign-in">
        {user.lastLoginAt ? formatInstantDay(user.lastLoginAt) : 'never'}
      </td>
      <td className={directory.moment} data-label="Created">
        {formatInstantDay(user.createdAt)}
      </td>
    </tr>
  )
}

/** What an account may do here, in a word or two. */
export function StatusBadge({ status, isOperator }: { status: Status; isOperator: boolean }) {
  return (
    <span style={{ display: 'inline-flex', flexWrap: 'wrap', gap: 6 }}>
      <Badge variant="light" color={statusColors[status]} tt="none" size="sm" autoContrast>
        {statusWords[status]}
      </Badge>
      {isOperator && (
        <Badge variant="default" tt="none" size="sm">
          Operator
        </Badge>
      )}
    </span>
  )
}
