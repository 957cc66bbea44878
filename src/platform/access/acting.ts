import type { App } from '#platform/app.ts'
import { type Scope, uuidPattern } from '#platform/database'
import { findAccount, normaliseEmail } from '#platform/identity'
import { findTenantBySlug } from '#platform/tenancy'
import { errors } from './errors.ts'
import { explainAccess } from './explanations.ts'

/** Who acts at the command line: a slug or an id, an e-mail address or an id. */
export type Acting = { tenant: string; user: string }

/**
 * The scope in which a member acts at the command line, which the log tells by `program`. Refuses whom there is not, and
 * who lacks one of `permissions`; the tenant's rules for sessions are not asked, for who runs this has the machine.
 */
export async function actAs(
  app: App,
  { tenant, user }: Acting,
  { permissions, program }: { permissions: readonly string[]; program: string },
): Promise<Scope> {
  const system = app.db.reads({ system: true })
  const tenantId = uuidPattern.test(tenant) ? tenant : (await findTenantBySlug(system, tenant))?.id
  if (tenantId === undefined) throw errors.tenantUnknown({ tenant })
  const userId = uuidPattern.test(user) ? user : (await findAccount(system, normaliseEmail(user)))?.id
  if (userId === undefined) throw errors.userUnknown({ user })
  let userName: string | undefined
  for (const permission of permissions) {
    const { isAllowed, conclusion, user: person } = await explainAccess(system, { userId, tenantId, permission })
    if (!isAllowed) throw errors.personNotPermitted({ conclusion, permission })
    userName = person.name
  }
  return { tenantId, userId, userName, userAgent: program }
}
