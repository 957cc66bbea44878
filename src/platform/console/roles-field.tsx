import { Checkbox, Skeleton, Stack } from '@mantine/core'
import { queryOptions, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { requestAll } from './requests.ts'
import { useSession } from './session.ts'
import { ErrorState } from './states.tsx'

export type RoleChoice = {
  id: string
  name: string
  description: string | null
  isDefault: boolean
  permissions: readonly string[]
}

/** The roles of the workspace that there are to choose from. */
export const roleChoicesQuery = queryOptions({
  queryKey: ['roles', 'choices'],
  queryFn: ({ signal }) => requestAll<RoleChoice>('/roles', signal),
})

/**
 * The roles of the workspace to choose from; those that permit more than I hold cannot be chosen, nor those that something
 * else gives for good. `given` says so by the role's id, with the reason.
 */
export function RolesField({ value = [], onChange, error, label = 'Roles', given }: RolesFieldProps) {
  const { data, isPending, error: failure, refetch } = useQuery(roleChoicesQuery)
  const session = useSession()
  if (failure) return <ErrorState error={failure} retry={() => void refetch()} />
  if (isPending) return <Skeleton height={110} aria-label="Loading the roles" />
  return (
    <Checkbox.Group label={label} value={[...value]} onChange={onChange} error={error}>
      <Stack gap="xs" mt="xs" mb={4}>
        {data.map(role => {
          const isBeyond = !mayGive(role, session)
          const other = given?.get(role.id)
          return (
            <Checkbox
              key={role.id}
              value={role.id}
              label={role.name}
              description={other?.reason ?? (isBeyond ? 'It permits more than you may yourself.' : role.description)}
              disabled={isBeyond || other?.isFixed === true}
            />
          )
        })}
      </Stack>
    </Checkbox.Group>
  )
}

type RolesFieldProps = {
  value?: readonly string[]
  onChange?: (roleIds: string[]) => void
  error?: ReactNode
  label?: string
  given?: ReadonlyMap<string, { reason: string; isFixed: boolean }>
}

const mayGive = (role: RoleChoice, { roles, can }: ReturnType<typeof useSession>) =>
  role.permissions.every(can) && (role.name !== 'owner' || roles.includes('owner'))
