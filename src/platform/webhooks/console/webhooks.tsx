import { Anchor, Badge, Button, Skeleton, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatTime,
  Icon,
  PageHeader,
  PageLink,
  useSession,
} from '#platform/console'
import { type Endpoint, endpointsQuery } from './own-webhooks.ts'
import { WebhookForm } from './webhook-form.tsx'
import classes from './webhooks.module.css'

/** The addresses outside that are told of what happens here. */
export function Page() {
  const { can } = useSession()
  const [isMaking, setIsMaking] = useState(false)
  const { data, isPending, error, refetch } = useQuery(endpointsQuery)
  const add = can('webhooks.endpoints.write') && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
      New webhook
    </Button>
  )
  const hasSome = data !== undefined && data.items.length > 0
  return (
    <>
      <PageHeader
        title="Webhooks"
        lead="Other systems are told at once of what happens in this workspace, signed so that they know it is true."
        actions={hasSome && add}
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : isPending ? (
        <div role="status" aria-label="Loading the webhooks">
          <Skeleton height={140} />
        </div>
      ) : hasSome ? (
        <ul className={`panel ${classes.items}`} aria-label="Webhooks">
          {data.items.map(endpoint => (
            <Row key={endpoint.id} endpoint={endpoint} />
          ))}
        </ul>
      ) : (
        <div className="panel">
          <EmptyState icon="bolt" title="No webhook yet" action={add}>
            Name an address of a system of yours. What is not taken there is sent again for three days, and can be sent
            again by hand for thirty.
          </EmptyState>
        </div>
      )}
      {isMaking && <WebhookForm close={() => setIsMaking(false)} />}
    </>
  )
}

function Row({ endpoint }: { endpoint: Endpoint }) {
  const { id, url, description, eventTypes, lastSuccessAt } = endpoint
  return (
    <li className={classes.item}>
      <div>
        <div className={classes.address}>
          <Anchor component={PageLink} to="/webhooks/$id" params={{ id }} inherit>
            {url}
          </Anchor>
        </div>
        {description && <Text size="sm">{description}</Text>}
        <div className={classes.about}>
          <span>{typesInWords(eventTypes)}</span>
          <span>
            {lastSuccessAt ? (
              <time dateTime={lastSuccessAt} title={formatTime(lastSuccessAt)}>
                last delivery {formatAgo(lastSuccessAt)}
              </time>
            ) : (
              'nothing delivered yet'
            )}
          </span>
        </div>
      </div>
      <EndpointBadge endpoint={endpoint} />
    </li>
  )
}

export const typesInWords = (types: readonly string[]) =>
  types.includes('*') ? 'all events' : types.length > 2 ? `${types.length} kinds of events` : types.join(', ')

export function EndpointBadge({ endpoint: { isEnabled, failingSince } }: { endpoint: Endpoint }) {
  const [color, word] = !isEnabled ? ['gray', 'Off'] : failingSince ? ['yellow', 'Failing'] : ['pine', 'On']
  return (
    <Badge variant="light" color={color} tt="none" size="sm" autoContrast>
      {word}
    </Badge>
  )
}
