import { Anchor, Badge, Button, Group, Skeleton, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  useSession,
} from '#platform/console'
import { ClientForm } from './client-form.tsx'
import classes from './clients.module.css'
import { clientsQuery, knownApplicationsQuery, type ListedClient, type Owner, workspace } from './own-clients.ts'

/** The applications that may act here, the workspace's own and those that every workspace knows. */
export function Page() {
  return (
    <>
      <Clients
        owner={workspace}
        title="Applications"
        lead="Programs that let people sign in with this workspace, or work in it for them: each within what it is allowed (OAuth 2.0, OpenID Connect)."
        empty="Make one for each program that signs people in here or works for them: it gets an id, addresses to ask at, and what it may ask for at most."
      />
      <KnownApplications />
    </>
  )
}

/** A page with the clients of a workspace, or of the installation. */
export function Clients({ owner, title, lead, empty }: ClientsProps) {
  const { can } = useSession()
  const [isMaking, setIsMaking] = useState(false)
  const query = useInfiniteQuery(clientsQuery(owner))
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  const add = can(owner.write) && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
      New application
    </Button>
  )
  return (
    <>
      <PageHeader title={title} lead={lead} actions={items.length > 0 && add} />
      {query.error && items.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <div role="status" aria-label="Loading the applications">
          <Skeleton height={140} />
        </div>
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="bolt" title="No application yet" action={add}>
            {empty}
          </EmptyState>
        </div>
      ) : (
        <div className="panel">
          <ul className={classes.items} aria-label="Applications">
            {items.map(client => (
              <Row key={client.id} client={client} owner={owner} />
            ))}
          </ul>
          <LoadMore query={query} label="Load older applications" />
        </div>
      )}
      {isMaking && <ClientForm owner={owner} close={() => setIsMaking(false)} />}
    </>
  )
}

type ClientsProps = { owner: Owner; title: string; lead: string; empty: string }

function Row({ client, owner }: { client: ListedClient; owner: Owner }) {
  const { id, name, description, clientId, lastUsedAt } = client
  return (
    <li className={classes.item}>
      <div>
        <div className={classes.name}>
          <Anchor component={PageLink} to={`${owner.page}/$id`} params={{ id }} inherit>
            {name}
          </Anchor>
        </div>
        {description && <Text size="sm">{description}</Text>}
        <div className={classes.about}>
          <span className="mono">{clientId}</span>
          <span>{client.type === 'public' ? 'public' : 'confidential'}</span>
          <span>{scopesInWords(client.scopes)}</span>
          <span>
            {lastUsedAt ? (
              <time dateTime={lastUsedAt} title={formatTime(lastUsedAt)}>
                used {formatAgo(lastUsedAt)}
              </time>
            ) : (
              'never used'
            )}
          </span>
        </div>
      </div>
      <ClientBadge client={client} />
    </li>
  )
}

export const scopesInWords = (scopes: readonly string[]) =>
  scopes.length === 0 ? 'nothing to ask for' : scopes.length > 3 ? `${scopes.length} scopes` : scopes.join(', ')

export function ClientBadge({ client }: { client: Pick<ListedClient, 'isActive'> }) {
  return (
    <Badge variant="light" color={client.isActive ? 'pine' : 'gray'} tt="none" size="sm" autoContrast>
      {client.isActive ? 'On' : 'Off'}
    </Badge>
  )
}

function KnownApplications() {
  const { data } = useQuery(knownApplicationsQuery)
  if (!data || data.items.length === 0) return null
  return (
    <section aria-labelledby="known-applications" className={classes.section}>
      <Title order={2} id="known-applications">
        Of this installation
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        Who runs the installation made these: they may be used in every workspace, by whoever allows them.
      </Text>
      <ul className={`panel ${classes.items}`} aria-label="Applications of this installation">
        {data.items.map(({ id, name, description, people, scopes }) => (
          <li key={id} className={classes.item}>
            <div>
              <div className={classes.name}>
                <Anchor component={PageLink} to="/oauth-clients/known/$id" params={{ id }} inherit>
                  {name}
                </Anchor>
              </div>
              {description && <Text size="sm">{description}</Text>}
              <div className={classes.about}>
                <span>{scopesInWords(scopes)}</span>
              </div>
            </div>
            <Text size="sm" c="dimmed">
              {people === 0 ? 'nobody here' : people === 1 ? '1 person' : `${people} people`}
            </Text>
          </li>
        ))}
      </ul>
    </section>
  )
}

export function BackLink({ owner, label = 'Applications' }: { owner: Pick<Owner, 'page'>; label?: string }) {
  return (
    <Group mb="xs">
      <Anchor component={PageLink} to={owner.page} size="sm">
        {label}
      </Anchor>
    </Group>
  )
}
