import { Badge, Button, Group, NativeSelect, Skeleton, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatExactTime,
  formatTime,
  LoadMore,
  oneOf,
  request,
  ScrollRegion,
  type Search,
  SideSheet,
  useAddress,
  useSession,
} from '#platform/console'
import {
  type Delivery,
  type DeliveryDetails,
  deliveriesQuery,
  deliveryQuery,
  type Endpoint,
  statusColors,
  statusWords,
} from './own-webhooks.ts'
import classes from './webhooks.module.css'

const readSearch = (search: Search) => ({ status: oneOf(search.status) })

/** What was sent to a webhook in the last thirty days. */
export function Deliveries({ endpoint }: { endpoint: Endpoint }) {
  const [{ status }, change] = useAddress(readSearch)
  const client = useQueryClient()
  const [openedId, setOpenedId] = useState<string>()
  const query = useInfiniteQuery({ ...deliveriesQuery(endpoint.id, status), placeholderData: keepPreviousData })
  const items = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  return (
    <section aria-label="Deliveries">
      <Group justify="space-between" align="flex-end" mb="xs">
        <Title order={2}>Deliveries</Title>
        <Group gap="xs" align="flex-end">
          <NativeSelect
            label="Show"
            size="xs"
            value={status}
            onChange={event => change({ status: event.currentTarget.value })}
            data={[
              { value: '', label: 'All' },
              ...Object.entries(statusWords).map(([value, label]) => ({ value, label })),
            ]}
          />
          <Button
            size="xs"
            variant="default"
            loading={query.isRefetching}
            onClick={() => void client.invalidateQueries({ queryKey: ['webhooks', endpoint.id] })}
          >
            Look again
          </Button>
        </Group>
      </Group>
      {query.isPending ? (
        <div role="status" aria-label="Loading the deliveries">
          <Skeleton height={160} />
        </div>
      ) : query.isError && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="bolt" title={status ? 'No such delivery' : 'Nothing was sent yet'}>
            What happens in this workspace appears here a few seconds later. “Send a test” tries it out.
          </EmptyState>
        </div>
      ) : (
        <div className="panel">
          <ul className={classes.items} aria-label="Deliveries">
            {items.map(delivery => (
              <Row key={delivery.id} delivery={delivery} open={() => setOpenedId(delivery.id)} />
            ))}
          </ul>
          <LoadMore query={query} label="Load older deliveries" />
        </div>
      )}
      <SideSheet
        opened={openedId !== undefined}
        onClose={() => setOpenedId(undefined)}
        position="right"
        size={480}
        title="Delivery"
        closeLabel="Close the delivery"
      >
        {openedId && <Details id={openedId} endpoint={endpoint} show={setOpenedId} />}
      </SideSheet>
    </section>
  )
}

function Row({ delivery, open }: { delivery: Delivery; open: () => void }) {
  const { type, status, attempts, lastError, createdAt, nextAttemptAt, isReplay } = delivery
  return (
    <li className={classes.item}>
      <div>
        <UnstyledButton className={classes.address} onClick={open} c="var(--mantine-color-anchor)">
          {type}
        </UnstyledButton>
        <div className={classes.about}>
          <time dateTime={createdAt} title={formatExactTime(createdAt)}>
            {formatAgo(createdAt)}
          </time>
          {isReplay && <span>sent again by hand</span>}
          <span>
            {attempts} {attempts === 1 ? 'try' : 'tries'}
          </span>
          {lastError && <span>{lastError}</span>}
          {status === 'pending' && attempts > 0 && nextAttemptAt && <span>again {formatAgo(nextAttemptAt)}</span>}
        </div>
      </div>
      <StatusBadge status={status} />
    </li>
  )
}

function StatusBadge({ status }: Pick<Delivery, 'status'>) {
  return (
    <Badge variant="light" color={statusColors[status]} tt="none" size="sm" autoContrast>
      {statusWords[status]}
    </Badge>
  )
}

function Details({ id, endpoint, show }: { id: string; endpoint: Endpoint; show: (id: string) => void }) {
  const { can } = useSession()
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(deliveryQuery(id))
  const replay = useMutation({
    mutationFn: () => request<DeliveryDetails>(`/webhook-deliveries/${id}/replay`, { method: 'POST' }),
    onSuccess: async made => {
      show(made.id)
      notifications.show({ message: 'It is on its way once more.' })
      await client.invalidateQueries({ queryKey: ['webhooks', endpoint.id] })
    },
    onError: refusal => notifications.show({ color: 'red', title: 'It was not sent', message: refusal.message }),
  })
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={240} aria-label="Loading the delivery" />
  return (
    <Stack gap="md">
      <dl className={classes.facts}>
        <dt>Event</dt>
        <dd>{data.type}</dd>
        <dt>Status</dt>
        <dd>
          <StatusBadge status={data.status} />
        </dd>
        <dt>webhook-id</dt>
        <dd className="mono">msg_{data.eventId}</dd>
        <dt>Since</dt>
        <dd>{formatTime(data.createdAt)}</dd>
        {data.nextAttemptAt && data.attempts > 0 && (
          <>
            <dt>Next try</dt>
            <dd>{formatTime(data.nextAttemptAt)}</dd>
          </>
        )}
      </dl>
      {can('webhooks.endpoints.write') && (
        <Group>
          <Button
            variant="default"
            size="xs"
            loading={replay.isPending}
            disabled={!endpoint.isEnabled}
            onClick={() => replay.mutate()}
          >
            Send it again
          </Button>
        </Group>
      )}
      <div>
        <Title order={3} size="h5" mb={6}>
          What is sent
        </Title>
        <Code label="What is sent">{JSON.stringify(data.payload, null, 2)}</Code>
      </div>
      <div>
        <Title order={3} size="h5" mb={6}>
          Tries
        </Title>
        {data.tries.length === 0 && (
          <Text size="sm" c="dimmed">
            None yet.
          </Text>
        )}
        <Stack gap="sm">
          {data.tries.toReversed().map(each => (
            <div key={each.number}>
              <Text size="sm">
                {each.number}. {formatTime(each.startedAt)}: {each.error ?? `taken with ${each.statusCode}`} (
                {each.durationMs} ms)
              </Text>
              {each.response && <Code label={`Answer to try ${each.number}`}>{each.response}</Code>}
            </div>
          ))}
        </Stack>
      </div>
    </Stack>
  )
}

function Code({ label, children }: { label: string; children: string }) {
  return (
    <ScrollRegion label={label} className={classes.code}>
      <pre>{children}</pre>
    </ScrollRegion>
  )
}
