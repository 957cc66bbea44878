import { findRole } from '#platform/access'
import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import { importUsers, type UserImportOptions, type UserImportSummary } from '#platform/identity'
import { findTenantBySlug } from '#platform/tenancy'
import { errors } from './errors.ts'

/**
 * Imports accounts, and with `membership` makes everybody in the file a member of a tenant, all or nothing; who is a
 * member already keeps the roles that he has. Refuses an unknown tenant or role before the file is opened.
 */
export async function importUsersInto(
  app: App,
  path: string,
  options: Omit<UserImportOptions, 'afterwards'>,
  membership?: { slug: string; role: string },
): Promise<UserImportSummary> {
  if (!membership) return await importUsers(app.db, path, options)
  const { slug, role } = membership
  const tenant = await findTenantBySlug(app.db.scoped({ system: true }), slug)
  if (!tenant) throw errors.tenantUnknown({ slug })
  if (!(await findRole(app.db.scoped({ system: true, tenantId: tenant.id }), role))) {
    throw errors.roleUnknown({ role, slug })
  }
  return await importUsers(app.db, path, {
    ...options,
    async afterwards(tx, userIds) {
      const { added } = await tx.one(sql<{ added: number }>`
        select accounts.add_members(${tenant.id}, ${role}, ${userIds}) as added`)
      return added
    },
  })
}
