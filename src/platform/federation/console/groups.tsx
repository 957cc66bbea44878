import { Anchor, Badge, Button, Group, Menu, Skeleton, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatExactTime,
  Icon,
  PageHeader,
  PageLink,
  request,
  useSession,
} from '#platform/console'
import { MappingDeletion, MappingForm } from './group-mapping-form.tsx'
import { SettingsForm } from './group-settings-form.tsx'
import classes from './groups.module.css'
import {
  formatWords,
  type GroupMapping,
  type GroupState,
  groupKey,
  groupStateQuery,
  inPeople,
  mappingsQuery,
} from './own-groups.ts'
import { ProviderTabs } from './provider-tabs.tsx'
import { Proposals } from './role-proposals.tsx'
import { UnmappedGroups } from './unmapped-groups.tsx'

/** Which groups of an identity provider give which roles. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(groupStateQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading the groups">
        <Skeleton height={240} />
      </div>
    )
  }
  return <Groups state={data} />
}

function Groups({ state }: { state: GroupState }) {
  const { can } = useSession()
  const [isChanging, setIsChanging] = useState(false)
  const [isMaking, setIsMaking] = useState<string | true>()
  const mayWrite = can('federation.groups.write')
  const { id, name } = state.provider
  return (
    <>
      <Anchor component={PageLink} to="/identity-providers" size="sm" mb="xs" display="inline-block">
        Single sign-on
      </Anchor>
      <PageHeader
        title={name}
        lead="Who is in a group there has its role here: from the next sign-in or sync on, and until they leave the group."
        actions={
          mayWrite && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
              Map a group
            </Button>
          )
        }
      />
      <ProviderTabs id={id} />
      <Stack gap="xl">
        <Proposals providerId={id} />
        <Mappings state={state} />
        <UnmappedGroups providerId={id} map={mayWrite ? setIsMaking : undefined} />
        <Reading state={state} change={mayWrite ? () => setIsChanging(true) : undefined} />
      </Stack>
      {isMaking !== undefined && (
        <MappingForm
          providerId={id}
          settings={state}
          group={isMaking === true ? undefined : isMaking}
          close={() => setIsMaking(undefined)}
        />
      )}
      {isChanging && <SettingsForm state={state} close={() => setIsChanging(false)} />}
    </>
  )
}

function Mappings({ state }: { state: GroupState }) {
  const { id } = state.provider
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(mappingsQuery(id))
  const isWaiting = data?.items.some(({ syncStatus }) => syncStatus === 'pending')
  // The sync that was waited for may have proposed roles, and told of groups.
  useEffect(() => {
    if (isWaiting === false) void client.invalidateQueries({ queryKey: groupKey(id), predicate: isBeside })
  }, [client, id, isWaiting])
  return (
    <section aria-label="Groups that give roles">
      <Title order={2} mb="xs">
        Groups that give roles
      </Title>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={120} aria-label="Loading the mappings" />
      ) : data.items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="people" title="No group gives a role yet">
            People of this provider have the roles that were given to them here by hand. Map a group, and its people get
            a role of this workspace.
          </EmptyState>
        </div>
      ) : (
        <ul className={`panel ${classes.items}`} aria-label="Groups that give roles">
          {data.items.map(mapping => (
            <Row key={mapping.id} mapping={mapping} state={state} />
          ))}
        </ul>
      )}
    </section>
  )
}

const isBeside = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey.at(-1) !== 'mappings'

function Row({ mapping, state }: { mapping: GroupMapping; state: GroupState }) {
  const { can } = useSession()
  const { externalGroupId, externalGroupName, roleName, autoAssign, people, lastSyncAt } = mapping
  const name = externalGroupName ?? externalGroupId
  return (
    <li className={classes.item}>
      <div>
        <div className={classes.mapped}>
          <span className={classes.name}>{name}</span>
          <Icon name="chevronRight" size={14} />
          <span>{roleName}</span>
        </div>
        <div className={classes.about}>
          {name !== externalGroupId && <span className={`mono ${classes.name}`}>{externalGroupId}</span>}
          <span>given to {inPeople(people)}</span>
          {!autoAssign && <span>proposed to an administrator</span>}
          {lastSyncAt && (
            <time dateTime={lastSyncAt} title={formatExactTime(lastSyncAt)}>
              looked at {formatAgo(lastSyncAt)}
            </time>
          )}
        </div>
      </div>
      <Group gap={4} wrap="nowrap">
        <StatusBadge status={mapping.syncStatus} />
        {can('federation.groups.write') && <Actions mapping={mapping} state={state} />}
      </Group>
    </li>
  )
}

const statuses: Readonly<Record<GroupMapping['syncStatus'], { word: string; color: string }>> = {
  pending: { word: 'Waits for a sync', color: 'gray' },
  synced: { word: 'In line', color: 'pine' },
  failed: { word: 'Failed', color: 'red' },
  unknown: { word: 'Unknown', color: 'yellow' },
  disabled: { word: 'Off', color: 'gray' },
}

function StatusBadge({ status }: { status: GroupMapping['syncStatus'] }) {
  return (
    <Badge variant="light" color={statuses[status].color} tt="none" size="sm" autoContrast>
      {statuses[status].word}
    </Badge>
  )
}

function Actions({ mapping, state }: { mapping: GroupMapping; state: GroupState }) {
  const client = useQueryClient()
  const [dialog, setDialog] = useState<'edit' | 'delete'>()
  const close = () => setDialog(undefined)
  const isOff = mapping.syncStatus === 'disabled'
  const name = mapping.externalGroupName ?? mapping.externalGroupId
  const turn = useMutation({
    mutationFn: () =>
      request(`/federation/group-mappings/${mapping.id}`, { method: 'PATCH', body: { isEnabled: isOff } }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: groupKey(mapping.providerId) }),
  })
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <UnstyledButton p={8} aria-label={`More about the group ${name}`}>
            <Icon name="more" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={() => setDialog('edit')}>
            Edit
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="bolt" size={16} />} onClick={() => turn.mutate()}>
            {isOff ? 'Switch on' : 'Switch off'}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => setDialog('delete')}>
            Remove
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'edit' && (
        <MappingForm providerId={mapping.providerId} settings={state} mapping={mapping} close={close} />
      )}
      {dialog === 'delete' && <MappingDeletion mapping={mapping} close={close} />}
    </>
  )
}

/** Where the groups are read, and of how many people they are known. */
function Reading({ state, change }: { state: GroupState; change: (() => void) | undefined }) {
  const { source, claim, format, knowledge } = state
  return (
    <section aria-label="Where groups are read">
      <Group justify="space-between" align="center" mb="xs">
        <Title order={2}>Where groups are read</Title>
        {change && (
          <Button size="xs" variant="default" onClick={change}>
            Change
          </Button>
        )}
      </Group>
      <div className={`panel ${classes.reading}`}>
        <dl className={classes.facts}>
          <dt>Read</dt>
          <dd>{source === 'claim' ? 'When somebody signs in' : 'As the provider sends them by SCIM'}</dd>
          {source === 'claim' && (
            <>
              <dt>Claim</dt>
              <dd className="mono">{claim}</dd>
            </>
          )}
          <dt>Form</dt>
          <dd>{formatWords[format]}</dd>
          <dt>Known</dt>
          <dd>of {inPeople(knowledge.known)}</dd>
          {knowledge.unknown.map(({ reason, meaning, people }) => (
            <Reason key={reason} term="Unknown" meaning={`of ${inPeople(people)}: ${meaning}`} />
          ))}
          {knowledge.inactive > 0 && <Reason term="Inactive" meaning={`${inPeople(knowledge.inactive)} there`} />}
        </dl>
        {knowledge.unknown.length > 0 && (
          <Text size="sm" c="dimmed" mt="sm">
            From people whose groups are unknown nothing is taken away.
          </Text>
        )}
      </div>
    </section>
  )
}

function Reason({ term, meaning }: { term: string; meaning: string }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{meaning}</dd>
    </>
  )
}
