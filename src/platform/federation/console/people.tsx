import {
  Anchor,
  Badge,
  Button,
  Group,
  Menu,
  NativeSelect,
  Skeleton,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  request,
  useAddress,
  useSession,
} from '#platform/console'
import classes from './groups.module.css'
import { mappingsQuery, providerQuery, readFilters, type UserMapping } from './own-providers.ts'
import { ProviderTabs } from './provider-tabs.tsx'

/** Who somebody of the provider is here, and what could not be told. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const [filters, change] = useAddress(readFilters)
  const provider = useQuery(providerQuery(id))
  const people = useInfiniteQuery(mappingsQuery(id, filters))
  const items = people.data?.pages.flatMap(page => page.items)
  const isFiltered = filters.q !== '' || filters.status !== ''
  return (
    <>
      <Anchor component={PageLink} to="/identity-providers" size="sm" mb="xs" display="inline-block">
        Single sign-on
      </Anchor>
      <PageHeader
        title={provider.data?.name ?? 'Identity provider'}
        lead="Each is known by the subject that the provider gives, never by an address."
      />
      <ProviderTabs id={id} />
      <Group gap="sm" mb="md" align="flex-end">
        <TextInput
          label="Find"
          placeholder="Name, address or subject"
          defaultValue={filters.q}
          onChange={event => change({ q: event.currentTarget.value || undefined }, true)}
        />
        <NativeSelect
          label="State"
          value={filters.status}
          data={[
            { value: '', label: 'All' },
            { value: 'conflict', label: 'Conflicts' },
            { value: 'synced', label: 'Linked' },
            { value: 'pending', label: 'Waiting' },
            { value: 'failed', label: 'Failed' },
            { value: 'disabled', label: 'Closed' },
          ]}
          onChange={event => change({ status: event.currentTarget.value || undefined })}
        />
      </Group>
      {people.error ? (
        <ErrorState error={people.error} retry={() => void people.refetch()} />
      ) : !items ? (
        <div role="status" aria-label="Loading the people">
          <Skeleton height={160} />
        </div>
      ) : items.length === 0 ? (
        <div className="panel">
          <EmptyState icon="people" title={isFiltered ? 'Nobody fits' : 'Nobody yet'}>
            {isFiltered
              ? 'Change the filter to see others.'
              : 'Who signs in through this provider stands here from then on.'}
          </EmptyState>
        </div>
      ) : (
        <>
          <ul className={`panel ${classes.items}`} aria-label="People">
            {items.map(mapping => (
              <Row key={mapping.id} mapping={mapping} />
            ))}
          </ul>
          <LoadMore query={people} label="Show more people" />
        </>
      )}
    </>
  )
}

const conflictWords: Readonly<Record<NonNullable<UserMapping['conflict']>, string>> = {
  address_taken:
    'An account here has this address. Its owner links it under Sign-in and security, or confirms a mail that you have sent.',
  address_unverified: 'The provider does not vouch for the address. Mend that there; the next sign-in tries again.',
  address_elsewhere: 'The address is of no proven domain of this workspace. Prove the domain, or invite the person.',
  address_changed: 'The provider tells another address than before. Is it the same person?',
  not_a_member: 'The membership has ended here. Take the person in again, or close this way in.',
  accounts_not_created: 'This provider makes no accounts. Invite the person, who then links it.',
}

const states: Record<UserMapping['syncStatus'], { color: string; word: string }> = {
  synced: { color: 'pine', word: 'Linked' },
  pending: { color: 'yellow', word: 'Waiting' },
  failed: { color: 'red', word: 'Failed' },
  disabled: { color: 'gray', word: 'Closed' },
}

function Row({ mapping }: { mapping: UserMapping }) {
  const { can } = useSession()
  const {
    externalName,
    externalEmail,
    externalId,
    userEmail,
    userName,
    conflict,
    syncStatus,
    lastSignInAt,
    syncMetadata,
  } = mapping
  const { color, word } = states[syncStatus]
  const { toldEmail } = syncMetadata as { toldEmail?: string }
  return (
    <li className={conflict ? `${classes.item} ${classes.wordy}` : classes.item}>
      <div>
        <div className={classes.mapped}>
          <span className={classes.name}>{externalName ?? externalEmail ?? externalId}</span>
          {userEmail && (
            <>
              <Icon name="chevronRight" size={14} />
              <span>{userName ?? userEmail}</span>
            </>
          )}
        </div>
        <div className={classes.about}>
          {externalEmail && <span className={classes.name}>{externalEmail}</span>}
          <span className={`mono ${classes.name}`}>{externalId}</span>
          {lastSignInAt && (
            <time dateTime={lastSignInAt} title={formatTime(lastSignInAt)}>
              came in {formatAgo(lastSignInAt)}
            </time>
          )}
        </div>
        {conflict && (
          <Text size="sm" mt={4}>
            {conflictWords[conflict]}
            {toldEmail && ` It is ${toldEmail} now.`}
            {mapping.isConfirmationSent && ' The mail is sent.'}
          </Text>
        )}
      </div>
      <Group gap="xs" wrap="nowrap">
        <Badge variant="light" color={conflict ? 'red' : color} tt="none" size="sm" autoContrast>
          {conflict ? 'Conflict' : word}
        </Badge>
        {can('federation.mappings.write') && <Actions mapping={mapping} />}
      </Group>
    </li>
  )
}

type Step = { path: string; method: 'POST' | 'DELETE'; label: string; done: string; color?: string }

function stepsOf({ id, conflict, syncStatus, isConfirmationSent }: UserMapping): Step[] {
  const at = `/federation/user-mappings/${id}`
  return [
    ...(conflict === 'address_taken'
      ? [
          {
            path: `${at}/confirmation`,
            method: 'POST' as const,
            label: isConfirmationSent ? 'Send the mail again' : 'Ask the owner by mail',
            done: 'The owner of the account is asked.',
          },
        ]
      : []),
    ...(conflict === 'address_changed'
      ? [{ path: `${at}/settle`, method: 'POST' as const, label: 'It is the same person', done: 'The link goes on.' }]
      : []),
    ...(conflict === 'not_a_member'
      ? [
          {
            path: `${at}/settle`,
            method: 'POST' as const,
            label: 'Take in again',
            done: 'The person is a member again.',
          },
        ]
      : []),
    syncStatus === 'disabled'
      ? { path: `${at}/enable`, method: 'POST', label: 'Open this way in', done: 'This way in is open again.' }
      : { path: `${at}/disable`, method: 'POST', label: 'Close this way in', done: 'This way in is closed.' },
    { path: at, method: 'DELETE', label: 'Forget the link', done: 'The link is forgotten.', color: 'red' },
  ]
}

function Actions({ mapping }: { mapping: UserMapping }) {
  const client = useQueryClient()
  const take = useMutation({
    mutationFn: ({ path, method }: Step) => request(path, { method }),
    onSuccess: (_, { done }) => notifications.show({ message: done }),
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: ['federation'] }),
  })
  const steps = stepsOf(mapping)
  const first = mapping.conflict && steps.length > 2 ? steps[0] : undefined
  const name = mapping.externalName ?? mapping.externalEmail ?? mapping.externalId
  return (
    <>
      {first && (
        <Button size="xs" variant="default" loading={take.isPending} onClick={() => take.mutate(first)}>
          {first.label}
        </Button>
      )}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <UnstyledButton p={8} aria-label={`More about ${name}`}>
            <Icon name="more" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          {steps
            .filter(step => step !== first)
            .map(step => (
              <Menu.Item key={step.label} color={step.color} onClick={() => take.mutate(step)}>
                {step.label}
              </Menu.Item>
            ))}
        </Menu.Dropdown>
      </Menu>
    </>
  )
}
