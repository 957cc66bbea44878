import { onViolation, type Queryable, sql } from '#platform/database'
import type { Thrower } from '#platform/errors.ts'
import { errors } from './errors.ts'
import { narrowToToken, type RoleGrant } from './scopes.ts'

/**
 * Refuses with `access.grant_exceeded`, naming what is missing, unless the scope's user holds in the scope's tenant all
 * that these roles permit, and the credential of his request carries it; with `access.owners_only` where an owner's role
 * is among them and he is none (MT-20). Asks so in the system scope too: there the database itself refuses nothing.
 */
export async function requireGrantable(tx: Queryable, roleIds: readonly string[]): Promise<void> {
  await requireHeld(tx, { roleIds })
}

/** The same for what somebody is already: who ends or changes a membership holds all that its roles permit. */
export async function requireMemberWithin(tx: Queryable, membershipId: string): Promise<void> {
  const held = await tx.run(sql<{ roleId: string }>`
    select role_id
    from access.user_tenant_roles
    where tenant_id = ${tx.scope.tenantId}
      and user_tenant_id = ${membershipId}`)
  await requireHeld(tx, { roleIds: held.map(({ roleId }) => roleId) })
}

/** The same for roles together with permissions that are about to be added to one of them, or taken from it. */
export async function requireHeld(
  tx: Queryable,
  { roleIds = [], permissions = [] }: { roleIds?: readonly string[]; permissions?: readonly string[] },
): Promise<void> {
  const { scope } = tx
  const within = scope.permissions ? [...scope.permissions] : null
  const unheld = await tx.one(sql<{ permissions: string[]; wantsOwner: boolean }>`
    select permissions, wants_owner
    from access.find_unheld(
      ${scope.tenantId}, ${roleIds}, ${permissions}, ${within}
    )`)
  if (unheld.wantsOwner) throw errors.ownersOnly()
  if (unheld.permissions.length > 0) throw errors.grantExceeded(named(unheld.permissions))
}

const named = (permissions: readonly string[]) => ({ permissions: permissions.join(', ') })

/**
 * What the database refuses of grants, as the domain's errors. Any statement that writes roles, what they permit, who has
 * them, or the end of a membership may meet it.
 */
export const grantViolations: Readonly<Record<string, Thrower>> = {
  grants_within_own: (_, cause) =>
    errors.grantExceeded({ permissions: (cause as { detail?: string } | undefined)?.detail ?? '' }, cause),
  grants_of_owners: errors.ownersOnly,
  user_tenants_not_prolonged_by_oneself: errors.ownMembershipProlonged,
  roles_built_in_fixed: errors.roleBuiltIn,
}

/**
 * The member has these roles and no others (MT-13). Outside the system scope the user must hold what he gives and what he
 * takes away, as `requireGrantable` says; in it nothing is asked, as when an invitation is accepted. Answers the ids of
 * the roles that are new and that are gone. After the commit call `announceRevocation`.
 */
export async function setRolesOf(
  tx: Queryable,
  membershipId: string,
  roleIds: readonly string[],
): Promise<{ given: string[]; taken: string[] }> {
  if (!tx.scope.system) await requireChangeable(tx, membershipId, roleIds)
  return await onViolation(
    tx.one(sql<{ given: string[]; taken: string[] }>`
      select given, taken from access.set_roles_of(${membershipId}, ${roleIds})`),
    {
      ...grantViolations,
      user_tenant_roles_user_tenant_id_fkey: () => errors.memberUnknown({ id: membershipId }),
      user_tenant_roles_role_id_fkey: () => errors.roleNotFound({ id: roleIds.join(', ') }),
    },
  )
}

async function requireChangeable(tx: Queryable, membershipId: string, roleIds: readonly string[]): Promise<void> {
  const held = await tx.run(sql<{ roleId: string }>`
    select role_id
    from access.user_tenant_roles
    where tenant_id = ${tx.scope.tenantId}
      and user_tenant_id = ${membershipId}`)
  const has = new Set(held.map(({ roleId }) => roleId))
  const wanted = new Set(roleIds)
  await requireHeld(tx, { roleIds: [...has.symmetricDifference(wanted)] })
}

/**
 * What a token of this membership with these scopes may do: of each role what the role's own scopes let tokens carry, of
 * that what the token's scopes cover (ADR 0015). Needs the tenant's or the system scope.
 */
export async function findTokenPermissions(
  tx: Queryable,
  of: { tenantId: string; membershipId: string },
  scopes: readonly string[],
): Promise<Set<string>> {
  const roles = await tx.run(sql<RoleGrant & { permissions: string[] }>`
    select scopes, permissions from access.find_grants_of(${of.tenantId}, ${of.membershipId})`)
  return narrowToToken(roles, scopes)
}
