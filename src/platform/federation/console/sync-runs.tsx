import { Anchor, Badge, Button, Skeleton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatExactTime,
  formatTime,
  LoadMore,
  PageHeader,
  PageLink,
  request,
  useSession,
} from '#platform/console'
import classes from './groups.module.css'
import { groupStateQuery, inPeople } from './own-groups.ts'
import { causeWords, runStatuses, type SyncRun, syncRunsQuery } from './own-sync-runs.ts'
import { ProviderTabs } from './provider-tabs.tsx'

/** Each time the roles of a provider's people were brought in line with their groups. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { can } = useSession()
  const client = useQueryClient()
  const { data: state } = useQuery(groupStateQuery(id))
  const query = useInfiniteQuery(syncRunsQuery(id))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const start = useMutation({
    mutationFn: () => request(`/federation/providers/${id}/sync-runs`, { method: 'POST' }),
    onError: error => notifications.show({ color: 'red', title: 'No sync was begun', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: ['federation', 'sync-runs', id] }),
  })
  const button = can('federation.groups.write') && (
    <Button
      loading={start.isPending}
      disabled={items[0]?.status === 'running' || state?.provider.isActive === false}
      onClick={() => start.mutate()}
    >
      Sync now
    </Button>
  )
  if (query.isError && items.length === 0) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  return (
    <>
      <Anchor component={PageLink} to="/identity-providers" size="sm" mb="xs" display="inline-block">
        Single sign-on
      </Anchor>
      <PageHeader
        title={state?.provider.name ?? 'Sync runs'}
        lead="A sync brings the roles of everybody in line with the groups last known of them: every night, after each change of the mappings, and by hand."
        actions={items.length > 0 && button}
      />
      <ProviderTabs id={id} />
      {query.isPending ? (
        <div role="status" aria-label="Loading the sync runs">
          <Skeleton height={160} />
        </div>
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="clock" title="No sync yet" action={button}>
            Who signs in is brought in line by that alone. A sync does it for all at once.
          </EmptyState>
        </div>
      ) : (
        <div className="panel">
          <ul className={classes.items} aria-label="Sync runs">
            {items.map(run => (
              <Row key={run.id} run={run} />
            ))}
          </ul>
          <LoadMore query={query} label="Load older runs">
            Runs are kept 90 days.
          </LoadMore>
        </div>
      )}
    </>
  )
}

function Row({ run }: { run: SyncRun }) {
  const { id, providerId, startedAt, cause } = run
  return (
    <li className={classes.item}>
      <div>
        <Anchor
          component={PageLink}
          to="/identity-providers/$id/sync-runs/$runId"
          params={{ id: providerId, runId: id }}
          className={classes.name}
        >
          {formatTime(startedAt)}
        </Anchor>
        <div className={classes.about}>
          <time dateTime={startedAt} title={formatExactTime(startedAt)}>
            {formatAgo(startedAt)}
          </time>
          <span>{causeWords[cause]}</span>
          <span>{outcomeOf(run)}</span>
        </div>
      </div>
      <RunBadge status={run.status} />
    </li>
  )
}

export function outcomeOf({ people, given, taken, proposed, unknown, failed, error }: SyncRun): string {
  if (error !== null) return error
  const changes = [
    given > 0 && `${given} given`,
    taken > 0 && `${taken} taken`,
    proposed > 0 && `${proposed} proposed`,
    unknown > 0 && `groups of ${unknown} unknown`,
    failed > 0 && `${failed} failed`,
  ].filter(word => word !== false)
  return `${inPeople(people)}: ${changes.join(', ') || 'all in line'}`
}

export function RunBadge({ status }: { status: SyncRun['status'] }) {
  return (
    <Badge variant="light" color={runStatuses[status].color} tt="none" size="sm" autoContrast>
      {runStatuses[status].word}
    </Badge>
  )
}
