import { Alert, Anchor, Button, Group, SegmentedControl, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  CopyButton,
  EmptyState,
  ErrorState,
  formatAgo,
  formatCount,
  formatExactTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  useSession,
} from '#platform/console'
import classes from './groups.module.css'
import { providerQuery } from './own-providers.ts'
import { type Provisioning, provisioningQuery, type ScimRequest, scimRequestsQuery } from './own-provisioning.ts'
import { ProviderTabs } from './provider-tabs.tsx'
import { NewToken, TokenRow } from './scim-tokens.tsx'

/** The directory of a provider, which says by SCIM who works here: address, tokens, how it does. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const provider = useQuery(providerQuery(id))
  const { data, error, refetch } = useQuery(provisioningQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <>
      <Anchor component={PageLink} to="/identity-providers" size="sm" mb="xs" display="inline-block">
        Single sign-on
      </Anchor>
      <PageHeader
        title={provider.data?.name ?? 'Provisioning (SCIM)'}
        lead="The directory of the provider brings people and groups by itself, and takes them out: who is deactivated there is out here with his next request."
      />
      <ProviderTabs id={id} />
      {data ? (
        <Stack gap="xl">
          {provider.data?.status === 'inactive' && (
            <Alert variant="light" color="yellow" icon={<Icon name="alert" />} title="The provider is switched off">
              Nothing is taken from its directory until it is switched on under{' '}
              <Anchor component={PageLink} to={`/identity-providers/${id}`} inherit underline="always">
                Settings
              </Anchor>
              .
            </Alert>
          )}
          {data.isOwnerPaused && (
            <Alert
              variant="light"
              color="yellow"
              icon={<Icon name="alert" />}
              title="No group makes anybody an owner now"
            >
              Who made a token below is not an owner any more, and whoever has that token could make himself one. Groups
              give their other roles, and owners stay owners. An owner has to make another token and revoke that one.
            </Alert>
          )}
          <Address providerId={id} provisioning={data} />
          <Standing provisioning={data} />
          <Requests providerId={id} />
        </Stack>
      ) : (
        <div role="status" aria-label="Loading the provisioning">
          <Skeleton height={240} />
        </div>
      )}
    </>
  )
}

function Address({ providerId, provisioning }: { providerId: string; provisioning: Provisioning }) {
  const { can } = useSession()
  const [isMaking, setMaking] = useState(false)
  const mayWrite = can('federation.providers.write')
  const { baseUrl, tokens } = provisioning
  return (
    <section aria-labelledby="connection">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="connection">
          Connection
        </Title>
        {mayWrite && tokens.length > 0 && (
          <Button variant="default" onClick={() => setMaking(true)}>
            Make a token
          </Button>
        )}
      </Group>
      <div className="panel">
        <div className={classes.reading}>
          <Text size="sm" mb={4}>
            Base URL, to be entered at the provider with a token (authentication by HTTP header, bearer token):
          </Text>
          <Group gap="xs">
            <code style={{ overflowWrap: 'anywhere' }}>{baseUrl}</code>
            <CopyButton text={baseUrl} label="Copy the base URL" />
          </Group>
        </div>
        {tokens.length === 0 ? (
          <EmptyState
            icon="key"
            title="No token yet"
            action={mayWrite && <Button onClick={() => setMaking(true)}>Make a token</Button>}
          >
            With a token the directory shows that it is this provider’s.
          </EmptyState>
        ) : (
          <ul className={classes.items} aria-label="Tokens">
            {tokens.map(token => (
              <TokenRow key={token.id} providerId={providerId} token={token} mayWrite={mayWrite} />
            ))}
          </ul>
        )}
      </div>
      {isMaking && <NewToken providerId={providerId} close={() => setMaking(false)} />}
    </section>
  )
}

function Standing({ provisioning }: { provisioning: Provisioning }) {
  const { users, groups, lastRequestAt, lastRefusal } = provisioning
  return (
    <section aria-labelledby="standing">
      <Title order={2} id="standing" mb="xs">
        What it has brought
      </Title>
      <div className={`panel ${classes.reading}`}>
        <dl className={classes.facts}>
          <dt>People</dt>
          <dd>
            {formatCount(users.active)} active, {formatCount(users.inactive)} inactive
          </dd>
          {users.pending > 0 && (
            <>
              <dt>Asked</dt>
              <dd>
                {formatCount(users.pending)} {users.pending === 1 ? 'has' : 'have'} to accept an invitation first
              </dd>
            </>
          )}
          <dt>Groups</dt>
          <dd>{formatCount(groups)}</dd>
          <dt>Last request</dt>
          <dd>{lastRequestAt ? <When moment={lastRequestAt} /> : 'None yet'}</dd>
          {lastRefusal && (
            <>
              <dt>Last refusal</dt>
              <dd>
                {lastRefusal.status}: {lastRefusal.detail} (<When moment={lastRefusal.askedAt} />)
              </dd>
            </>
          )}
        </dl>
      </div>
    </section>
  )
}

const When = ({ moment }: { moment: string }) => (
  <time dateTime={moment} title={formatExactTime(moment)}>
    {formatAgo(moment)}
  </time>
)

const choices = [
  { value: 'all', label: 'All' },
  { value: 'refused', label: 'Refused' },
]

function Requests({ providerId }: { providerId: string }) {
  const [choice, setChoice] = useState('all')
  const query = useInfiniteQuery(scimRequestsQuery(providerId, choice === 'refused'))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <section aria-labelledby="requests">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="requests">
          Last requests
        </Title>
        {(items.length > 0 || choice === 'refused') && (
          <SegmentedControl size="xs" aria-label="Which requests" data={choices} value={choice} onChange={setChoice} />
        )}
      </Group>
      <div className="panel">
        {query.isError ? (
          <ErrorState error={query.error} retry={() => void query.refetch()} />
        ) : query.isPending ? (
          <div role="status" aria-label="Loading the requests">
            <Skeleton height={120} />
          </div>
        ) : items.length === 0 ? (
          <EmptyState icon="clock" title={choice === 'refused' ? 'Nothing was refused' : 'Nothing was asked yet'}>
            Requests are kept 14 days, without what was sent.
          </EmptyState>
        ) : (
          <>
            <ul className={classes.items} aria-label="Requests">
              {items.map(item => (
                <RequestRow key={item.id} request={item} />
              ))}
            </ul>
            <LoadMore query={query} label="Load older requests">
              Requests are kept 14 days, without what was sent.
            </LoadMore>
          </>
        )}
      </div>
    </section>
  )
}

function RequestRow({ request }: { request: ScimRequest }) {
  const { method, resource, resourceId, status, detail, milliseconds, askedAt } = request
  return (
    <li className={classes.item}>
      <div>
        <div className={`${classes.name} mono`}>
          {method} /{resource}
          {resourceId && `/${resourceId}`}
        </div>
        <div className={classes.about}>
          <When moment={askedAt} />
          <span>{formatCount(milliseconds)} ms</span>
          {detail && <span>{detail}</span>}
        </div>
      </div>
      <Text size="sm" c={status < 400 ? 'dimmed' : 'var(--mantine-color-error)'} className="mono">
        {status}
      </Text>
    </li>
  )
}
