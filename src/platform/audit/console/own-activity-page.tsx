import { Card, Skeleton, Text, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { AccountFrame, EmptyState, ErrorState, LoadMore, useSession } from '#platform/console'
import { ownActivityQuery } from './audit-logs.ts'
import { EntryTable } from './entry-table.tsx'
import { rememberRows } from './sentences.ts'

/** MT-22: what one did oneself in the workspace that one works in. */
export function Page() {
  const { tenant } = useSession()
  const query = useInfiniteQuery(ownActivityQuery)
  const entries = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const remembered = useMemo(() => rememberRows(entries), [entries])
  return (
    <AccountFrame>
      <Card withBorder component="section" aria-labelledby="activity" maw={860}>
        <Title order={2} size="h4" id="activity">
          What you did{tenant && ` in ${tenant.name}`}
        </Title>
        <Text c="dimmed" size="sm" mt={4} mb="sm">
          From the audit log of the workspace that you work in: your own entries, the newest first. Only you and those
          who may read its audit log see them.
        </Text>
        {query.isPending ? (
          <div role="status" aria-label="Loading your activity">
            <Skeleton height={300} />
          </div>
        ) : query.isError && entries.length === 0 ? (
          <ErrorState error={query.error} retry={() => void query.refetch()} />
        ) : entries.length === 0 ? (
          <EmptyState icon="log" title="You have not done anything here yet" order={2}>
            {tenant ? 'What you add, change and delete will stand here.' : 'You work in no workspace now.'}
          </EmptyState>
        ) : (
          <>
            <EntryTable entries={entries} remembered={remembered} />
            <LoadMore query={query} label="Show older entries">
              Your activity begins here.
            </LoadMore>
          </>
        )}
      </Card>
    </AccountFrame>
  )
}
