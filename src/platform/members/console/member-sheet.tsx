import { Button, Group, Skeleton, Stack, Switch, Text, TextInput, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  dayOf,
  ErrorState,
  formatDay,
  formatInstantDay,
  formatTime,
  PageLink,
  Refusal,
  RolesField,
  request,
  SideSheet,
  sessionQuery,
  startOfDay,
  useReturningFocus,
  useSession,
} from '#platform/console'
import classes from './members.module.css'
import { type GroupRole, groupRolesQuery, type Member, memberQuery, nameOf, refreshMembers } from './members.ts'
import { PersonLine, RoleBadges } from './person.tsx'

/** What one member is here, and what may be changed of it. */
export function MemberSheet({ userId, close }: { userId: string; close: () => void }) {
  return (
    <SideSheet
      opened={userId !== ''}
      onClose={close}
      title="Member"
      closeLabel="Close the member"
      position="right"
      size="md"
    >
      {userId !== '' && <Sheet key={userId} userId={userId} close={close} />}
    </SideSheet>
  )
}

function Sheet({ userId, close }: { userId: string; close: () => void }) {
  const { data, error, refetch } = useQuery(memberQuery(userId))
  const session = useSession()
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Skeleton height={260} aria-label="Loading the member" />
  const { member, etag } = data
  const isSelf = session.user.id === userId
  return (
    <Stack gap="lg">
      <PersonLine person={member} />
      <Facts member={member} />
      {session.can('access.roles.read') && (
        <Text size="sm">
          <PageLink to="/roles/why" search={{ userId }} className={classes.open}>
            What may {nameOf(member)} do, and why?
          </PageLink>
        </Text>
      )}
      {session.can('members.members.write') && (
        <>
          <MemberForm key={etag} member={member} etag={etag} isSelf={isSelf} />
          {isSelf ? (
            <Text size="sm" c="dimmed">
              To leave this workspace yourself, go to{' '}
              <PageLink to="/account/workspaces" className={classes.open}>
                your workspaces
              </PageLink>
              .
            </Text>
          ) : (
            <Removal member={member} onRemoved={close} />
          )}
        </>
      )}
    </Stack>
  )
}

function Facts({ member }: { member: Member }) {
  const { joinedAt, expiresAt, hasEnded, organizations, lastActiveOn, hasSecondFactor } = member
  return (
    <dl className={classes.facts}>
      <dt>Roles</dt>
      <dd>
        <RoleBadges member={member} />
      </dd>
      <dt>Organizations</dt>
      <dd>
        {organizations.map(({ name, role }) => (role === 'admin' ? `${name} (admin)` : name)).join(', ') || 'none'}
      </dd>
      <dt>Member since</dt>
      <dd>{formatInstantDay(joinedAt)}</dd>
      <dt>{hasEnded ? 'Ended' : 'Ends'}</dt>
      <dd>{expiresAt ? formatTime(expiresAt) : 'no end'}</dd>
      {hasSecondFactor !== null && (
        <>
          <dt>Last active</dt>
          <dd>{lastActiveOn ? formatDay(lastActiveOn) : 'never'}</dd>
          <dt>Second factor</dt>
          <dd>{hasSecondFactor ? 'set up' : 'none'}</dd>
        </>
      )}
    </dl>
  )
}

type Answers = { roleIds: string[]; ends: boolean; lastDay: string }

/** The last whole day of a membership: it ends when that day does, by the clock of who looks. */
const lastDayOf = (expiresAt: string) => dayOf(new Date(new Date(expiresAt).getTime() - 1).toISOString())

function MemberForm({ member, etag, isSelf }: { member: Member; etag: string | undefined; isSelf: boolean }) {
  const client = useQueryClient()
  const held = member.roles.map(({ id }) => id)
  const { can } = useSession()
  const groups = useQuery({ ...groupRolesQuery(member.userId), enabled: can('federation.groups.read') })
  const given = new Map([...(groups.data ?? [])].map(([roleId, of]) => [roleId, givenBy(of)]))
  const form = useForm<Answers>({
    initialValues: {
      roleIds: held,
      ends: member.expiresAt !== null,
      lastDay: member.expiresAt
        ? lastDayOf(member.expiresAt)
        : dayOf(new Date(Date.now() + 30 * 86_400_000).toISOString()),
    },
    validate: {
      roleIds: value => (value.length === 0 ? 'Choose one at least; to end all access, remove the member.' : null),
      lastDay: (value, { ends }) =>
        !ends || (value !== '' && new Date(startOfDay(value, 1)) > new Date()) ? null : 'Choose today or a later day.',
    },
  })
  const save = useMutation({
    mutationFn: (answers: Answers) =>
      request<Member>(`/members/${member.userId}`, {
        method: 'PATCH',
        body: changesOf(answers, member),
        ...(etag && { ifMatch: etag }),
      }),
    onSuccess: async () => {
      notifications.show({ message: `${nameOf(member)} is saved. It holds from now on.` })
      await refreshMembers(client)
      if (isSelf) await client.invalidateQueries(sessionQuery)
    },
  })
  return (
    <form onSubmit={form.onSubmit(answers => save.mutate(answers))} noValidate>
      <Stack gap="md">
        <RolesField
          value={form.values.roleIds}
          onChange={roleIds => form.setFieldValue('roleIds', roleIds)}
          error={form.errors.roleIds as string | undefined}
          given={given}
        />
        <Switch
          label="The membership ends"
          description="Access ends then by itself; nothing is deleted."
          {...form.getInputProps('ends', { type: 'checkbox' })}
        />
        {form.values.ends && (
          <TextInput
            type="date"
            label="Last day"
            description="Until midnight in your time zone."
            maw={220}
            {...form.getInputProps('lastDay')}
          />
        )}
        <Refusal error={save.error} title="The member is not saved" showTheirs={() => void refreshMembers(client)} />
        <Group gap="xs">
          <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
            Save
          </Button>
          {form.isDirty() && (
            <Button variant="default" onClick={() => form.reset()}>
              Undo
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  )
}

/** What the next sync would give again cannot be taken here. */
function givenBy(groups: readonly GroupRole[]) {
  const names = groups.map(({ groupName, providerName }) => `the group ${groupName} of ${providerName}`).join(' and ')
  const comesBack = groups.some(group => group.comesBack)
  if (!comesBack) return { isFixed: false, reason: `Given by ${names}. Taken here, no sync gives it again.` }
  if (groups.some(group => group.isByHandToo)) {
    return {
      isFixed: false,
      reason: `Given by hand, and by ${names}. Taken here, it stays until the person leaves the group there.`,
    }
  }
  return { isFixed: true, reason: `Given by ${names}. To take it, remove the person from the group there.` }
}

/** What was not touched is not sent: other roles need a fresh sign-in, another end does not. */
function changesOf({ roleIds, ends, lastDay }: Answers, member: Member) {
  const held = new Set(member.roles.map(({ id }) => id))
  const expiresAt = ends ? startOfDay(lastDay, 1) : null
  const isSameEnd =
    ends && member.expiresAt !== null ? lastDayOf(member.expiresAt) === lastDay : expiresAt === member.expiresAt
  return {
    ...(held.symmetricDifference(new Set(roleIds)).size > 0 && { roleIds }),
    ...(!isSameEnd && { expiresAt }),
  }
}

function Removal({ member, onRemoved }: { member: Member; onRemoved: () => void }) {
  const { tenant } = useSession()
  const client = useQueryClient()
  const [isAsking, setIsAsking] = useState(false)
  const form = useForm({
    initialValues: { reason: '' },
    validate: { reason: value => (value.trim() === '' ? 'Say why, for the log.' : null) },
  })
  const removing = useMutation({
    mutationFn: ({ reason }: { reason: string }) =>
      request(`/members/${member.userId}`, { method: 'DELETE', body: { reason } }),
    onSuccess: async () => {
      notifications.show({ message: `${nameOf(member)} is no longer a member.` })
      onRemoved()
      // Not the member himself, whom the sheet that closes would ask for once more.
      await client.invalidateQueries({ queryKey: ['members', 'list'] })
    },
  })
  const opener = useReturningFocus<HTMLButtonElement>(isAsking)
  return (
    <section aria-labelledby="remove-member">
      <Title order={2} size="h5" id="remove-member">
        Remove from the workspace
      </Title>
      {isAsking ? (
        <form onSubmit={form.onSubmit(answers => removing.mutate(answers))} noValidate>
          <Text size="sm" mt={4}>
            {nameOf(member)} loses access to {tenant?.name ?? 'this workspace'} at once, with all roles and places in
            organizations, and is told by mail. Nothing is deleted: lists that others see get another owner, private
            ones wait for a return. The account itself stays as it is.
          </Text>
          <TextInput
            label="Reason"
            description="For the audit log; it is not sent to the person."
            mt="md"
            maxLength={500}
            autoFocus
            {...form.getInputProps('reason')}
          />
          <Refusal error={removing.error} mt="md" />
          <Group gap="xs" mt="md">
            <Button color="red.9" type="submit" loading={removing.isPending}>
              Remove
            </Button>
            <Button variant="default" onClick={() => setIsAsking(false)}>
              Keep
            </Button>
          </Group>
        </form>
      ) : (
        <Button variant="default" mt="sm" ref={opener} onClick={() => setIsAsking(true)}>
          Remove {nameOf(member)}
        </Button>
      )}
    </section>
  )
}
