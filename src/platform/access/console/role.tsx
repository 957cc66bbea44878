import { Alert, Anchor, Button, Card, Group, Skeleton, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import {
  ErrorState,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  Problem,
  Refusal,
  request,
  usePageTitle,
  useSession,
} from '#platform/console'
import { RoleMatrix } from './role-matrix.tsx'
import { NewRole } from './role-new.tsx'
import {
  type Holder,
  holdersQuery,
  permissionsQuery,
  type Role,
  refreshRoles,
  roleQuery,
  titleOf,
} from './role-queries.ts'
import { RoleRemoval } from './role-removal.tsx'
import classes from './roles.module.css'
import { RoleBadges } from './roles.tsx'
import { WhyDialog } from './why.tsx'

/** One role: what it permits, and who has it. */
export function Page() {
  const { id = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery(roleQuery(id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading the role">
        <Skeleton height={420} />
      </div>
    )
  }
  return <RolePage role={data.role} etag={data.etag} />
}

type Dialog = 'copy' | 'removal'

function RolePage({ role, etag }: { role: Role; etag: string | undefined }) {
  const navigate = useNavigate()
  const { can } = useSession()
  const [dialog, setDialog] = useState<Dialog>()
  const lacking = role.permissions.filter(permission => !can(permission))
  const mayWrite = can('access.roles.write')
  usePageTitle(titleOf(role))
  return (
    <>
      <Anchor component={PageLink} to="/roles" size="sm" mb="xs" display="inline-block">
        All roles
      </Anchor>
      <PageHeader
        title={
          <>
            {titleOf(role)}
            <RoleBadges role={role} />
          </>
        }
        lead={role.isBuiltIn ? role.description : undefined}
        actions={
          mayWrite && (
            <>
              <Button variant="default" onClick={() => setDialog('copy')}>
                Copy
              </Button>
              {!role.isDefault && lacking.length === 0 && <MakeDefault role={role} />}
              {!role.isBuiltIn && !role.isDefault && lacking.length === 0 && (
                <Button variant="default" onClick={() => setDialog('removal')}>
                  Remove
                </Button>
              )}
            </>
          )
        }
      />
      <Stack gap="md" maw={920}>
        <RoleForm key={etag} role={role} etag={etag} lacking={lacking} />
        <Holders role={role} />
      </Stack>
      {dialog === 'copy' && <NewRole from={role} close={() => setDialog(undefined)} />}
      {dialog === 'removal' && (
        <RoleRemoval role={role} close={() => setDialog(undefined)} done={() => navigate({ to: '/roles' })} />
      )}
    </>
  )
}

function MakeDefault({ role }: { role: Role }) {
  const client = useQueryClient()
  const making = useMutation({
    mutationFn: () => request(`/roles/${role.id}/default`, { method: 'PUT' }),
    onSuccess: async () => {
      notifications.show({ message: `New members get the role ${role.name} from now on.` })
      await refreshRoles(client)
    },
    onError: error => notifications.show({ color: 'red', title: 'Nothing was changed', message: error.message }),
  })
  return (
    <Button variant="default" loading={making.isPending} onClick={() => making.mutate()}>
      Give to new members
    </Button>
  )
}

function RoleForm({ role, etag, lacking }: { role: Role; etag: string | undefined; lacking: readonly string[] }) {
  const client = useQueryClient()
  const { can } = useSession()
  const { data: permissions, error, refetch } = useQuery(permissionsQuery)
  const [name, setName] = useState(role.name)
  const [description, setDescription] = useState(role.description ?? '')
  const [scopes, setScopes] = useState(role.scopes.join('\n'))
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(role.permissions))
  const isFixed = role.isBuiltIn || !can('access.roles.write') || lacking.length > 0
  const body = {
    name: name.trim(),
    description: description.trim() || null,
    scopes: scopes.split(/[\s,]+/).filter(Boolean),
    permissions: [...chosen].sort(),
  }
  const before = { name: role.name, description: role.description, scopes: role.scopes, permissions: role.permissions }
  const isChanged = JSON.stringify(body) !== JSON.stringify({ ...before, permissions: [...before.permissions].sort() })
  const saving = useMutation({
    mutationFn: () => request<Role>(`/roles/${role.id}`, { method: 'PATCH', body, ...(etag && { ifMatch: etag }) }),
    onSuccess: async () => {
      notifications.show({ message: `The role ${body.name} is saved. It holds from the next click of its members on.` })
      await refreshRoles(client)
    },
  })
  const fields = saving.error instanceof Problem ? saving.error.fields : {}
  return (
    <form
      noValidate
      onSubmit={event => {
        event.preventDefault()
        if (isChanged) saving.mutate()
      }}
    >
      <Card withBorder component="section" aria-labelledby="permits">
        <Stack gap="md">
          <WhyFixed role={role} lacking={lacking} />
          {!role.isBuiltIn && (
            <>
              <TextInput
                label="Name"
                value={name}
                maxLength={50}
                required
                disabled={isFixed}
                error={fields.name}
                onChange={event => setName(event.currentTarget.value)}
              />
              <TextInput
                label="What it is for"
                value={description}
                maxLength={500}
                disabled={isFixed}
                error={fields.description}
                onChange={event => setDescription(event.currentTarget.value)}
              />
            </>
          )}
          <div>
            <Title order={2} size="h4" id="permits" mb="sm">
              What it permits
            </Title>
            {error ? (
              <ErrorState error={error} retry={() => void refetch()} />
            ) : !permissions ? (
              <Skeleton height={240} />
            ) : (
              <RoleMatrix
                permissions={permissions}
                chosen={chosen}
                isFixed={isFixed}
                holds={can}
                choose={(permission, isChosen) => {
                  const next = new Set(chosen)
                  if (isChosen) next.add(permission)
                  else next.delete(permission)
                  setChosen(next)
                }}
              />
            )}
          </div>
          {!role.isBuiltIn && (
            <Textarea
              label="What tokens carry at most"
              description="For API keys and apps of members with this role: permissions, or all that begins alike as contractors.*, one a line. Empty: no bound."
              value={scopes}
              autosize
              minRows={2}
              disabled={isFixed}
              error={fields.scopes}
              onChange={event => setScopes(event.currentTarget.value)}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            />
          )}
          <Refusal
            error={Object.keys(fields).length === 0 ? saving.error : null}
            title="The role is not saved"
            showTheirs={() => void client.invalidateQueries(roleQuery(role.id))}
          />
          {!isFixed && (
            <Group gap="xs">
              <Button type="submit" loading={saving.isPending} disabled={!isChanged || body.name === ''}>
                Save
              </Button>
            </Group>
          )}
        </Stack>
      </Card>
    </form>
  )
}

function WhyFixed({ role, lacking }: { role: Role; lacking: readonly string[] }) {
  const { can } = useSession()
  const reason = role.isBuiltIn
    ? 'Built-in roles are the same in every workspace. Copy this one to make your own.'
    : !can('access.roles.write')
      ? 'Your role in this workspace does not include changing roles.'
      : lacking.length > 0
        ? `It permits more than you may yourself: ${lacking.join(', ')}.`
        : undefined
  if (!reason) return null
  return (
    <Alert variant="light" icon={<Icon name="lock" />} title="You can see this role, not change it">
      {reason}
    </Alert>
  )
}

function Holders({ role }: { role: Role }) {
  const query = useInfiniteQuery(holdersQuery(role.id))
  const [asked, setAsked] = useState<Holder>()
  const holders = query.data?.pages.flatMap(page => page.items)
  return (
    <Card withBorder component="section" aria-labelledby="holders">
      <Title order={2} size="h4" id="holders" mb="xs">
        Who has it
      </Title>
      {query.error ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : !holders ? (
        <Skeleton height={60} />
      ) : holders.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nobody has this role. It is given under <PageLink to="/members">Members</PageLink>.
        </Text>
      ) : (
        <ul className={classes.holders}>
          {holders.map(holder => (
            <li key={holder.membershipId}>
              <span>
                {nameOf(holder)}{' '}
                <Text span c="dimmed" size="sm">
                  {holder.email === null ? 'a program' : holder.fullName !== null && holder.email}
                  {holder.expiresAt && ` · until ${formatTime(holder.expiresAt)}`}
                </Text>
              </span>
              <Button
                variant="subtle"
                size="compact-sm"
                onClick={() => setAsked(holder)}
                aria-label={`Why may ${nameOf(holder)} do something?`}
              >
                Why?
              </Button>
            </li>
          ))}
        </ul>
      )}
      <LoadMore query={query} label="Show more" />
      {asked && <WhyDialog userId={asked.userId} name={nameOf(asked)} close={() => setAsked(undefined)} />}
    </Card>
  )
}

const nameOf = ({ fullName, email }: Holder) => fullName ?? email ?? 'A program'
