import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { announceRevocation } from '#platform/identity'
import { enqueue, type Job } from '#platform/jobs'
import type { Acceptance } from '#platform/members'
import { baseOf, type Directory } from './directories.ts'
import { applyGroupsOf } from './people.ts'

/** So many people get their roles with the request itself; of more a job takes care, and the directory does not wait. */
const atOnce = 100

/** AG-06: roles of these entries by all groups that they are in now. The last thing of its transaction. */
export async function applyRoles(
  app: App,
  tx: Queryable,
  directory: Directory,
  entryIds: ReadonlySet<string>,
): Promise<void> {
  if (!directory.givesRoles || entryIds.size === 0) return
  const ids = [...entryIds]
  if (ids.length <= atOnce) return await applyNow(tx, directory, ids)
  const { tenantId, providerId } = directory
  for (let from = 0; from < ids.length; from += atOnce) {
    await enqueue(tx, applyDirectoryGroups, { tenantId, providerId, entryIds: ids.slice(from, from + atOnce) })
  }
  app.log.info({ providerId, people: ids.length }, 'Roles of many members of a directory follow by a job')
}

async function applyNow(tx: Queryable, directory: Directory, entryIds: readonly string[]): Promise<void> {
  const found = await tx.run(sql<{ entryId: string; membershipId: string }>`
    select entry_id, membership_id from federation.list_entry_memberships(${entryIds}::uuid[])`)
  for (const { entryId, membershipId } of found) await applyGroupsOf(tx, directory, entryId, membershipId)
}

export const applyDirectoryGroups: Job<{ tenantId: string; providerId: string; entryIds: string[] }> = {
  name: 'federation.apply-directory-groups',
  description: 'AG-06: gives and takes the roles of many people whose groups a directory has changed at once',
  async run({ tenantId, providerId, entryIds }, app) {
    await app.db.transaction({ tenantId, system: true }, async tx => {
      const directory = await findDirectory(app, tx, providerId)
      if (directory) await applyNow(tx, directory, entryIds)
    })
    announceRevocation(app)
  },
}

/** Who has come by the invitation that his directory sent him is its person from now on, with the roles of his groups. */
export async function welcomeInvited(app: App, tx: Queryable, { invitationId, userId }: Acceptance): Promise<void> {
  const entries = await tx.run(sql<{ id: string; providerId: string }>`
    update federation.scim_users as person
    set user_id = ${userId}
    where person.tenant_id = ${tx.scope.tenantId}
      and person.invitation_id = ${invitationId}
      and person.user_id is null
      and person.deleted_at is null
      and not exists (
        select
        from federation.scim_users as another
        where another.tenant_id = person.tenant_id
          and another.provider_id = person.provider_id
          and another.user_id = ${userId}
          and another.deleted_at is null
      )
    returning person.id, person.provider_id`)
  for (const { id, providerId } of entries) {
    const directory = await findDirectory(app, tx, providerId)
    if (directory) await applyNow(tx, directory, [id])
  }
}

function findDirectory(app: App, tx: Queryable, providerId: string): Promise<Directory | undefined> {
  return tx
    .maybe(sql<Omit<Directory, 'base'>>`
      select
        tenant_id,
        id as provider_id,
        provider_name,
        default_role,
        coalesce(configuration #>> '{groups,source}' = 'scim', false) as gives_roles
      from federation.iam_providers
      where tenant_id = ${tx.scope.tenantId}
        and id = ${providerId}`)
    .then(row => row && { ...row, base: baseOf(app, providerId) })
}
