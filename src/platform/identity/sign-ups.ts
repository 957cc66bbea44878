import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'

/** An account that somebody has asked for, before its address is confirmed. */
export type PendingSignUp = {
  id: string
  email: string
  fullName: string
  passwordHash: string
  tenantName?: string | undefined
  /** What that tenant starts with. */
  template?: string | undefined
  timezone?: string | undefined
}

/** How long an account that was asked for can be confirmed. */
export const signUpHours = 24

/** Keeps what was asked for so long; several may wait for one address, and each is confirmed by its own link only. */
export async function keepSignUp(tx: Queryable, wanted: Omit<PendingSignUp, 'id'>): Promise<string> {
  const { id } = await tx.one(sql<{ id: string }>`
    insert into identity.sign_ups (email, full_name, password_hash, tenant_name, tenant_template, timezone, expires_at)
    values (
      ${wanted.email},
      ${wanted.fullName},
      ${wanted.passwordHash},
      ${wanted.tenantName ?? null},
      ${wanted.template ?? null},
      ${wanted.timezone ?? null},
      now() + ${signUpHours} * interval '1 hour'
    )
    returning id`)
  return id
}

/** One that waits still. */
export function findSignUp(tx: Queryable, id: string): Promise<PendingSignUp | undefined> {
  return find(tx, sql`id = ${id}`)
}

/** The one whose mail held this token. */
export function findSignUpByToken(tx: Queryable, token: string): Promise<PendingSignUp | undefined> {
  return find(tx, sql`token_hash = ${hashToken(token)}`)
}

async function find(tx: Queryable, which: ReturnType<typeof sql>): Promise<PendingSignUp | undefined> {
  type Row = PendingSignUp & { tenantName: string | null; template: string | null; timezone: string | null }
  const found = await tx.maybe(sql<Row>`
    select id, email, full_name, password_hash, tenant_name, tenant_template as template, timezone
    from identity.sign_ups
    where ${which}
      and used_at is null
      and expires_at > now()`)
  if (!found) return undefined
  const { tenantName, template, timezone } = found
  return {
    ...found,
    tenantName: tenantName ?? undefined,
    template: template ?? undefined,
    timezone: timezone ?? undefined,
  }
}

/** Makes the token of the link that confirms it; an earlier one of the same sign-up stops working. */
export async function issueSignUpToken(tx: Queryable, id: string): Promise<string> {
  const token = createToken()
  await tx.run(sql`
    update identity.sign_ups
    set token_hash = ${hashToken(token)}
    where id = ${id}`)
  return token
}

/** Uses it up; of two at once one succeeds. */
export async function consumeSignUp(tx: Queryable, id: string): Promise<boolean> {
  const used = await tx.run(sql`
    update identity.sign_ups
    set used_at = now()
    where id = ${id}
      and used_at is null
      and expires_at > now()
    returning id`)
  return used.length === 1
}
