import { Button, Card, NativeSelect, Skeleton } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, LoadMore, PageHeader, PageLink } from '#platform/console'
import { NotificationItem } from './notification-item.tsx'
import classes from './notifications.module.css'
import { type Filter, listQuery, useMarkingAll } from './own-notifications.ts'
import { preferencesQuery } from './own-preferences.ts'

/** All that one was told, here and about the account. */
export function Page() {
  const [filter, setFilter] = useState<Filter>({ state: 'all', kind: '' })
  const list = useInfiniteQuery(listQuery(filter))
  const markAll = useMarkingAll()
  const items = list.data?.pages.flatMap(page => page.items) ?? []
  const newest = items[0]
  return (
    <>
      <PageHeader
        title="Notifications"
        lead="What happened in this workspace and to your account. Read ones are kept for 90 days, others for a year."
        actions={
          <>
            <Button component={PageLink} to="/account/notifications" variant="default">
              How you are told
            </Button>
            <Button
              disabled={!newest || items.every(({ read }) => read)}
              loading={markAll.isPending}
              onClick={() => newest && markAll.mutate(newest.id)}
            >
              Mark all as read
            </Button>
          </>
        }
      />
      <Filters filter={filter} change={setFilter} />
      <Card withBorder p={0} maw={860}>
        {list.isPending ? (
          <Skeleton height={240} />
        ) : list.error ? (
          <div style={{ padding: 16 }}>
            <ErrorState error={list.error} retry={() => void list.refetch()} />
          </div>
        ) : items.length === 0 ? (
          <EmptyState icon="bell" title={filter.state === 'unread' ? 'Nothing unread' : 'Nothing yet'}>
            {filter.state === 'unread' || filter.kind
              ? 'Nothing fits what you have chosen above.'
              : 'What happens in your workspaces and to your account is told here as it happens.'}
          </EmptyState>
        ) : (
          <ul className={classes.items}>
            {items.map(notification => (
              <NotificationItem key={notification.id} notification={notification} />
            ))}
          </ul>
        )}
      </Card>
      <LoadMore query={list} label="Show older ones" />
    </>
  )
}

function Filters({ filter, change }: { filter: Filter; change: (filter: Filter) => void }) {
  const { data } = useQuery(preferencesQuery)
  return (
    <div className={classes.filters}>
      <NativeSelect
        aria-label="Which ones"
        value={filter.state}
        onChange={event => change({ ...filter, state: event.currentTarget.value as Filter['state'] })}
        data={[
          { value: 'all', label: 'All' },
          { value: 'unread', label: 'Unread' },
        ]}
      />
      <NativeSelect
        aria-label="About"
        maw="100%"
        value={filter.kind}
        onChange={event => change({ ...filter, kind: event.currentTarget.value })}
        data={[
          { value: '', label: 'About anything' },
          ...(data?.kinds ?? []).map(({ kind, description }) => ({ value: kind, label: description })),
        ]}
      />
    </div>
  )
}
