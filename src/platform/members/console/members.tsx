import { Badge, Button, NativeSelect, Skeleton, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import {
  EmptyState,
  ErrorState,
  formatCount,
  formatDay,
  formatTime,
  Icon,
  LoadMore,
  PageLink,
  roleChoicesQuery,
  useAddress,
  useSession,
} from '#platform/console'
import { MemberSheet } from './member-sheet.tsx'
import classes from './members.module.css'
import { type Filters, type Member, membersQuery, nameOf, readSearch } from './members.ts'
import { MembersFrame } from './members-frame.tsx'
import { PersonLine, RoleBadges } from './person.tsx'

/** Who works in this workspace. */
export function Page() {
  const { can } = useSession()
  const [{ member: openId, ...filters }, change] = useAddress(readSearch)
  const [settledQ] = useDebouncedValue(filters.q, 250)
  const query = useInfiniteQuery({ ...membersQuery({ ...filters, q: settledQ }), placeholderData: keepPreviousData })
  const members = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const isFiltered = filters.q !== '' || filters.role !== '' || filters.expiry !== ''
  return (
    <MembersFrame
      actions={
        can('members.invitations.write') && (
          <Button
            component={PageLink}
            to="/members/invitations"
            search={{ dialog: 'one' }}
            leftSection={<Icon name="plus" size={16} />}
          >
            Invite people
          </Button>
        )
      }
    >
      <FilterBar filters={filters} change={change} />
      {query.isPending ? (
        <div role="status" aria-label="Loading the members">
          <Skeleton height={320} />
        </div>
      ) : query.isError && members.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : members.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="people"
            title="Nobody found"
            action={
              isFiltered && (
                <Button variant="default" onClick={() => change({ q: '', role: '', expiry: '' })}>
                  Clear the filters
                </Button>
              )
            }
          >
            The search looks for how a word of the name, or the address, begins.
          </EmptyState>
        </div>
      ) : (
        <div
          className="panel"
          style={{ opacity: query.isPlaceholderData ? 0.6 : 1 }}
          aria-busy={query.isPlaceholderData}
        >
          <MemberTable members={members} open={userId => change({ member: userId })} />
          <LoadMore query={query} label="Load more members">
            {formatCount(members.length)} {members.length === 1 ? 'member' : 'members'}
          </LoadMore>
        </div>
      )}
      <MemberSheet userId={openId} close={() => change({ member: '' })} />
    </MembersFrame>
  )
}

type FilterBarProps = { filters: Filters; change: (change: Partial<Filters>, replace?: boolean) => void }

function FilterBar({ filters, change }: FilterBarProps) {
  const { can } = useSession()
  const roles = useQuery({ ...roleChoicesQuery, enabled: can('access.roles.read') })
  return (
    <search className={classes.filters} aria-label="Filter the members">
      <TextInput
        label="Name or address"
        type="search"
        data-search
        leftSection={<Icon name="search" size={16} />}
        value={filters.q}
        maxLength={255}
        onChange={event => change({ q: event.currentTarget.value }, true)}
      />
      {roles.data && (
        <NativeSelect
          label="Role"
          value={filters.role}
          onChange={event => change({ role: event.currentTarget.value })}
          data={[{ value: '', label: 'Any role' }, ...roles.data.map(({ id, name }) => ({ value: id, label: name }))]}
        />
      )}
      <NativeSelect
        label="End"
        value={filters.expiry}
        onChange={event => change({ expiry: event.currentTarget.value })}
        data={[
          { value: '', label: 'Any' },
          { value: 'none', label: 'No end' },
          { value: 'set', label: 'Has an end' },
          { value: 'ending', label: 'Within 7 days' },
          { value: 'ended', label: 'Has ended' },
        ]}
      />
    </search>
  )
}

function MemberTable({ members, open }: { members: readonly Member[]; open: (userId: string) => void }) {
  const { can } = useSession()
  const isManager = can('members.members.write')
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th>Member</th>
          <th>Roles</th>
          <th>Organizations</th>
          <th>End</th>
          {isManager && <th>Last active</th>}
        </tr>
      </thead>
      <tbody>
        {members.map(member => (
          <tr key={member.userId}>
            <td>
              <PersonLine person={member}>
                <UnstyledButton className={classes.open} onClick={() => open(member.userId)} aria-haspopup="dialog">
                  {nameOf(member)}
                </UnstyledButton>
              </PersonLine>
            </td>
            <td data-label="Roles">
              <RoleBadges member={member} />
            </td>
            <td data-label="Organizations" className={classes.organizations}>
              {member.organizations.map(({ name }) => name).join(', ') || <span className={classes.none}>none</span>}
            </td>
            <td data-label="End" className={classes.moment}>
              <End member={member} />
            </td>
            {isManager && (
              <td data-label="Last active" className={classes.moment}>
                {member.lastActiveOn ? formatDay(member.lastActiveOn) : 'never'}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function End({ member: { expiresAt, hasEnded } }: { member: Member }) {
  if (expiresAt === null) return <>no end</>
  if (!hasEnded) return <>{formatTime(expiresAt)}</>
  return (
    <Badge variant="light" color="red" tt="none" size="sm" autoContrast>
      ended {formatTime(expiresAt)}
    </Badge>
  )
}
