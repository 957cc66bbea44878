import type { AdapterPayload } from 'oidc-provider'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { hashToken } from '#platform/crypto'
import { json, type Scope, sql } from '#platform/database'
import { nullable, type SessionPrincipal, timestamp } from '#platform/http'
import { ask, type Decision, divide, Question, recordDenial } from './answers.ts'
import { findClient, type KnownClient } from './clients.ts'
import { errors } from './errors.ts'
import { createGrant } from './grants.ts'
import { findIssuer, type Issuer } from './issuers.ts'
import { epoch } from './requests.ts'

/** A code as it is typed, at an issuer. */
export const UserCode = Type.Object({
  issuer: Type.String({ maxLength: 100, description: 'The slug of the workspace' }),
  userCode: Type.String({ maxLength: 40, examples: ['BCDF-GHJK'] }),
})

/** What a device asks for. */
export const DeviceQuestion = Type.Object({
  ...Question.properties,
  deviceInfo: Type.Object({ ipAddress: nullable(Type.String()), userAgent: nullable(Type.String()) }),
  requestedAt: timestamp,
  expiresAt: timestamp,
})
export type DeviceQuestion = Static<typeof DeviceQuestion>

type WaitingRow = {
  codeHash: Buffer
  details: Pick<AdapterPayload, 'clientId' | 'params' | 'deviceInfo'>
  createdAt: Date
  expiresAt: Date
}

/** RFC 8628 6.1: only what is in the alphabet counts, so that hyphens and small letters do no harm. */
const normalise = (typed: string) => typed.toUpperCase().replace(/[^BCDFGHJKLMNPQRSTVWXZ]/g, '')

/** What the device asks that waits for this code. A wrong, an expired and an answered one are told alike. */
export async function getDeviceQuestion(
  app: App,
  scope: Scope,
  typed: Static<typeof UserCode>,
  principal: SessionPrincipal,
): Promise<DeviceQuestion> {
  const { issuer, row } = await getWaiting(app, typed)
  const question = await ask(app, issuer, scope, principal, row.details)
  const { ip, ua } = (row.details.deviceInfo ?? {}) as { ip?: string; ua?: string }
  return {
    ...question,
    needs: question.needs === 'membership' ? 'membership' : 'consent',
    deviceInfo: { ipAddress: ip ?? null, userAgent: ua || null },
    requestedAt: row.createdAt,
    expiresAt: row.expiresAt,
  }
}

/**
 * Answers for a device. What it gets is of the person who answers, whoever the code was meant for: the page names him, and
 * the device must show whom it got (RFC 8628 5.4).
 */
export async function answerDevice(
  app: App,
  scope: Scope,
  typed: Static<typeof UserCode>,
  principal: SessionPrincipal,
  { decision, scopes }: Decision,
): Promise<void> {
  const { issuer, row } = await getWaiting(app, typed)
  const { tenantId } = issuer
  if (principal.tenantId !== tenantId) throw errors.anotherTenant()
  const client = await findClient(app.db.reads({ ...scope, tenantId, system: true }), row.details.clientId as string)
  if (!client?.isActive) throw errors.userCodeUnknown()
  await app.db.transaction({ ...scope, tenantId }, async tx => {
    if (decision === 'deny') await recordDenial(tx, client)
    const { allowed, refused } = divide(client, row.details, scopes)
    const grantId = decision === 'deny' ? null : await allow(tx, client, principal, allowed, refused)
    const settled = await tx.run(sql`
      update oauth.device_codes
      set
        grant_id = ${grantId}::uuid,
        user_id = ${grantId === null ? null : principal.userId}::uuid,
        scopes = ${allowed},
        details = details || ${json({ authTime: epoch(principal.authenticatedAt) })}::jsonb,
        denied_at = case when ${grantId}::uuid is null then now() end
      where tenant_id = ${tenantId}
        and code_hash = ${row.codeHash}
        and grant_id is null
        and denied_at is null
        and expires_at > now()
      returning code_hash`)
    if (settled.length === 0) throw errors.userCodeUnknown()
  })
}

const allow = (
  tx: Parameters<typeof createGrant>[0],
  client: KnownClient,
  principal: SessionPrincipal,
  scopes: string[],
  refusedScopes: string[],
) => createGrant(tx, { client, principal, scopes, refusedScopes, claims: [], isOfDevice: true })

async function getWaiting(
  app: App,
  { issuer: slug, userCode }: Static<typeof UserCode>,
): Promise<{ issuer: Issuer; row: WaitingRow }> {
  const issuer = await findIssuer(app, slug)
  const row =
    issuer &&
    (await app.db.reads({ system: true, tenantId: issuer.tenantId }).maybe(sql<WaitingRow>`
      select code_hash, details, created_at, expires_at
      from oauth.device_codes
      where tenant_id = ${issuer.tenantId}
        and user_code_hash = ${hashToken(normalise(userCode))}
        and grant_id is null
        and denied_at is null
        and expires_at > now()`))
  if (!issuer || !row) throw errors.userCodeUnknown()
  return { issuer, row }
}
