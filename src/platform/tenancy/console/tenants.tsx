import { Badge, Button, NativeSelect, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
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
  useSession,
} from '#platform/console'
import { type ListedTenant, readFilters, type Status, statusColors, statusWords, tenantsQuery } from './tenants.ts'

const NewTenant = lazy(async () => ({ default: (await import('./new-tenant.tsx')).NewTenant }))

/** Everybody's workspaces, for who runs the installation. */
export function Page() {
  const { can } = useSession()
  const [filters, change] = useAddress(readFilters)
  const [settled] = useDebouncedValue(filters, 250)
  const [isMaking, making] = useDisclosure(false)
  const query = useInfiniteQuery({ ...tenantsQuery(settled), placeholderData: keepPreviousData })
  const tenants = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const isFiltered = filters.q !== '' || filters.status !== ''
  return (
    <>
      <PageHeader
        title="Workspaces"
        lead={
          <>
            All workspaces of this installation. What is in them is seen by their members only.{' '}
            {can('tenancy.deletions.manage') && (
              <PageLink to="/tenants/deleted" className={directory.name}>
                Deleted workspaces
              </PageLink>
            )}
          </>
        }
        actions={
          can('tenancy.tenants.manage') && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={making.open}>
              New workspace
            </Button>
          )
        }
      />
      <search className={directory.filters} aria-label="Filter the workspaces">
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
            { value: '', label: 'Any status' },
            ...(Object.keys(statusWords) as Status[]).map(status => ({ value: status, label: statusWords[status] })),
          ]}
        />
      </search>
      {query.isPending ? (
        <div role="status" aria-label="Loading the workspaces">
          <Skeleton height={320} />
        </div>
      ) : query.isError && tenants.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : tenants.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="building"
            title="No workspace found"
            action={
              isFiltered && (
                <Button variant="default" onClick={() => change({ q: '', status: '' })}>
                  Clear the filters
                </Button>
              )
            }
          >
            The search looks for beginnings of words of the name, the address and the domain.
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
                <th>Workspace</th>
                <th>Status</th>
                <th>Members</th>
                <th>Created</th>
              </tr>
            </thead>
            <tbody>
              {tenants.map(tenant => (
                <Row key={tenant.id} tenant={tenant} />
              ))}
            </tbody>
          </table>
          <LoadMore query={query} label="Load older workspaces">
            {formatCount(tenants.length)} {tenants.length === 1 ? 'workspace' : 'workspaces'}
          </LoadMore>
        </div>
      )}
      {isMaking && (
        <Suspense>
          <NewTenant close={making.close} />
        </Suspense>
      )}
    </>
  )
}

function Row({ tenant }: { tenant: ListedTenant }) {
  return (
    <tr>
      <td>
        <PageLink to={`/tenants/${tenant.id}`} className={directory.name}>
          {tenant.name}
        </PageLink>
        <div className={directory.address}>{tenant.domain ?? tenant.slug}</div>
      </td>
      <td>
        <StatusBadge status={tenant.status} />
      </td>
      <td className={directory.moment} data-label="Members">
        {formatCount(tenant.memberCount)}
      </td>
      <td className={directory.moment} data-label="Created">
        {formatInstantDay(tenant.createdAt)}
      </td>
    </tr>
  )
}

export function StatusBadge({ status }: { status: Status }) {
  return (
    <Badge variant="light" color={statusColors[status]} tt="none" size="sm" autoContrast>
      {statusWords[status]}
    </Badge>
  )
}
