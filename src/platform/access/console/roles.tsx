import { Badge, Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, formatCount, Icon, PageHeader, PageLink, useSession } from '#platform/console'
import { NewRole } from './role-new.tsx'
import { type Role, rolesQuery, titleOf } from './role-queries.ts'
import classes from './roles.module.css'

/** The roles of a workspace. */
export function Page() {
  const { tenant, can } = useSession()
  const [isMaking, setIsMaking] = useState(false)
  const { data: roles, error, refetch } = useQuery(rolesQuery)
  const hasOwn = roles?.some(({ isBuiltIn }) => !isBuiltIn) ?? false
  const makeOne = can('access.roles.write') && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsMaking(true)}>
      Make a role
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Roles"
        lead={`What people may do in ${tenant?.name ?? 'this workspace'}. Somebody may have several roles; what they permit adds up.`}
        actions={makeOne}
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !roles ? (
        <div role="status" aria-label="Loading the roles">
          <Skeleton height={300} />
        </div>
      ) : (
        <>
          <div className="panel">
            <table className={classes.table}>
              <thead>
                <tr>
                  <th>Role</th>
                  <th>What it is for</th>
                  <th>Members</th>
                  <th>Permissions</th>
                </tr>
              </thead>
              <tbody>
                {roles.map(role => (
                  <Row key={role.id} role={role} />
                ))}
              </tbody>
            </table>
          </div>
          {!hasOwn && (
            <EmptyState icon="shield" title="Only the built-in roles so far">
              They are the same in every workspace and cannot be changed. Make a role of your own where somebody should
              do more, or less, than one of them permits.
            </EmptyState>
          )}
        </>
      )}
      {isMaking && <NewRole close={() => setIsMaking(false)} />}
    </>
  )
}

function Row({ role }: { role: Role }) {
  const { memberCount, permissions } = role
  return (
    <tr>
      <td>
        <PageLink to={`/roles/${role.id}`} className={classes.name}>
          {titleOf(role)}
        </PageLink>
        <RoleBadges role={role} />
      </td>
      <td className={classes.dim}>{role.description ?? 'No description'}</td>
      <td className={classes.count}>
        {memberCount === 1 ? '1 member' : memberCount === 0 ? 'Nobody' : `${formatCount(memberCount)} members`}
      </td>
      <td className={classes.count}>
        {permissions.length === 1 ? '1 permission' : `${formatCount(permissions.length)} permissions`}
      </td>
    </tr>
  )
}

export function RoleBadges({ role }: { role: Role }) {
  return (
    <span className={classes.badges}>
      {role.isBuiltIn && (
        <Badge variant="default" tt="none" size="sm">
          Built-in
        </Badge>
      )}
      {role.isDefault && (
        <Badge variant="light" tt="none" size="sm" autoContrast>
          Given to new members
        </Badge>
      )}
    </span>
  )
}
