import { Alert, Anchor, Button, Group, Skeleton, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import {
  ErrorState,
  formatExactTime,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  request,
  useSession,
} from '#platform/console'
import classes from './groups.module.css'
import { causeWords, type SyncRun, syncRunErrorsQuery, syncRunQuery } from './own-sync-runs.ts'
import { RunBadge } from './sync-runs.tsx'

/** One sync run: what it changed, and with whom it failed. */
export function Page() {
  const { runId = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(syncRunQuery(runId))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading the sync run">
        <Skeleton height={240} />
      </div>
    )
  }
  return <Run run={data} />
}

function Run({ run }: { run: SyncRun }) {
  const { providerId, status, startedAt, endedAt, cause, error } = run
  return (
    <>
      <Anchor
        component={PageLink}
        to="/identity-providers/$id/sync-runs"
        params={{ id: providerId }}
        size="sm"
        mb="xs"
        display="inline-block"
      >
        Sync runs
      </Anchor>
      <PageHeader
        title={`Sync of ${formatTime(startedAt)}`}
        lead={
          <Group gap={8}>
            <RunBadge status={status} />
            <span>{causeWords[cause]}</span>
          </Group>
        }
        actions={<Retry run={run} />}
      />
      {error !== null && (
        <Alert variant="light" color="red" icon={<Icon name="alert" />} title="It broke off" mb="md">
          {error} What it had changed by then stays.
        </Alert>
      )}
      <dl className={`panel ${classes.reading} ${classes.facts}`}>
        <dt>Began</dt>
        <dd>{formatExactTime(startedAt)}</dd>
        <dt>Ended</dt>
        <dd>{endedAt ? formatExactTime(endedAt) : 'not yet'}</dd>
        <dt>People</dt>
        <dd>{run.people}</dd>
        <dt>Roles given</dt>
        <dd>{run.given}</dd>
        <dt>Roles taken</dt>
        <dd>{run.taken}</dd>
        <dt>Roles proposed</dt>
        <dd>{run.proposed}</dd>
        <dt>Groups unknown</dt>
        <dd>
          {run.unknown > 0
            ? `of ${run.unknown}: nothing is taken from them before they sign in and their groups are told`
            : 'of nobody'}
        </dd>
        <dt>Failed</dt>
        <dd>{run.failed}</dd>
      </dl>
      {run.failed > 0 && <Errors runId={run.id} />}
    </>
  )
}

function Retry({ run }: { run: SyncRun }) {
  const { can } = useSession()
  const client = useQueryClient()
  const navigate = useNavigate()
  const retry = useMutation({
    mutationFn: () => request<SyncRun>(`/federation/sync-runs/${run.id}/retry`, { method: 'POST' }),
    onSuccess: async made => {
      await client.invalidateQueries({ queryKey: ['federation', 'sync-runs', run.providerId] })
      await navigate({
        to: '/identity-providers/$id/sync-runs/$runId',
        params: { id: run.providerId, runId: made.id },
      })
    },
    onError: error => notifications.show({ color: 'red', title: 'No sync was begun', message: error.message }),
  })
  if (!can('federation.groups.write') || (run.status !== 'partly' && run.status !== 'failed')) return null
  return (
    <Button loading={retry.isPending} onClick={() => retry.mutate()}>
      {run.status === 'partly' ? 'Try these people again' : 'Try again'}
    </Button>
  )
}

function Errors({ runId }: { runId: string }) {
  const query = useInfiniteQuery(syncRunErrorsQuery(runId))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <section aria-label="With whom it failed">
      <Title order={2} mt="xl" mb="xs">
        With whom it failed
      </Title>
      {query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <Skeleton height={120} aria-label="Loading the people" />
      ) : items.length === 0 ? (
        <Text c="dimmed" size="sm">
          They have left the workspace meanwhile.
        </Text>
      ) : (
        <div className="panel">
          <ul className={classes.items} aria-label="People with whom it failed">
            {items.map(({ userId, fullName, email, message }) => (
              <li key={userId} className={classes.item}>
                <div>
                  <div className={classes.name}>{fullName ?? email}</div>
                  <div className={classes.about}>
                    {fullName && <span>{email}</span>}
                    <span>{message}</span>
                  </div>
                </div>
              </li>
            ))}
          </ul>
          <LoadMore query={query} label="Load more people" />
        </div>
      )}
    </section>
  )
}
