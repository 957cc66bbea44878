import { json, type Queryable, sql } from '#platform/database'
import { type IfMatch, requireMatch } from '#platform/http'
import type { PasswordRules } from '#platform/identity'

/** What the passwords of the members of the scope's tenant must be. */
export function getPasswordRules(tx: Queryable): Promise<PasswordRules> {
  return readRules(tx, sql``)
}

/** Sets all of them. They hold from the next new password on; the expiry from the next sign-in. In a transaction. */
export async function setPasswordRules(tx: Queryable, rules: PasswordRules, ifMatch?: IfMatch): Promise<PasswordRules> {
  requireMatch(ifMatch, await readRules(tx, sql`for no key update`))
  await tx.run(sql`
    update tenancy.tenants
    set password_rules = ${json(rules)}
    where id = ${tx.scope.tenantId}`)
  return await getPasswordRules(tx)
}

async function readRules(tx: Queryable, lock: ReturnType<typeof sql>): Promise<PasswordRules> {
  const { passwordRules } = await tx.one(sql<{ passwordRules: PasswordRules }>`
    select password_rules
    from tenancy.tenants
    where id = ${tx.scope.tenantId}
    ${lock}`)
  // In one order of properties, whatever the database has them in: the entity tag is made of it.
  const { minimumLength, refuseCommon, refusedReuses, expiresAfterDays } = passwordRules
  return { minimumLength, refuseCommon, refusedReuses, expiresAfterDays }
}
