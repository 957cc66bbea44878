import type { AdapterPayload } from 'oidc-provider'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { hashToken } from '#platform/crypto'
import { json, type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf, type SessionPrincipal, timestamp, uuid } from '#platform/http'
import { findClient, type KnownClient } from './clients.ts'
import { errors } from './errors.ts'
import { createGrant, listRemembered } from './grants.ts'
import { withName } from './interactions.ts'
import type { Issuer } from './issuers.ts'
import { findMember } from './members.ts'
import { epoch } from './requests.ts'
import { describeScopes } from './scope-descriptions.ts'
import { apiOf, isIdentityScope, isWithin, scopesOf } from './scopes.ts'

/** Which cookie binds an interaction to the browser that began it. */
export const browserCookie = '__Host-commonhold-oauth'

const needs = ['consent', 'confirmation', 'nothing', 'sign_in', 'membership'] as const

const AskedScope = Type.Object({
  name: Type.String(),
  description: Type.String(),
  isNew: Type.Boolean({ description: 'He has not allowed it before' }),
})

/** What an application asks of the person before the screen. */
export const Question = Type.Object({
  tenant: Type.Object({ id: uuid, name: Type.String(), slug: Type.String() }),
  user: Type.Object({ id: uuid, name: Type.String(), email: Type.String() }),
  client: Type.Object({
    id: uuid,
    name: Type.String(),
    website: nullable(Type.String()),
    isPlatform: Type.Boolean(),
    redirectHost: nullable(Type.String()),
  }),
  scopes: Type.Array(AskedScope),
  resource: nullable(Type.String()),
  needs: oneOf(needs, {
    description:
      'consent: ask. confirmation: all of it was allowed before. nothing: allow at once. sign_in: he has to show again who he is. membership: he is no member there',
  }),
})
export type Question = Static<typeof Question>

export const InteractionQuestion = Type.Object({
  ...Question.properties,
  uid: Type.String(),
  loginHint: nullable(Type.String()),
  createdAt: timestamp,
  expiresAt: timestamp,
})
export type InteractionQuestion = Static<typeof InteractionQuestion>

/** What he answers; without scopes he allows all that was asked. */
export const Decision = Type.Object({
  decision: oneOf(['allow', 'deny'] as const),
  scopes: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 200, uniqueItems: true })),
})
export type Decision = Static<typeof Decision>

type InteractionRow = {
  tenantId: string
  tenantName: string
  slug: string
  payload: AdapterPayload
  createdAt: Date
  expiresAt: Date
  answeredAt: Date | null
}

/** Who asks: the session before the screen, and the cookie of its browser. */
export type Person = { principal: SessionPrincipal; browserToken: string | undefined }

/** What is asked in an interaction. Refuses every browser but the one that began it. */
export async function getQuestion(app: App, scope: Scope, uid: string, person: Person): Promise<InteractionQuestion> {
  const row = await getInteraction(app, uid, person)
  const question = await ask(app, issuerOf(row), scope, person.principal, row.payload)
  const hint = row.payload.params?.login_hint
  return {
    ...question,
    uid,
    loginHint: typeof hint === 'string' ? hint.slice(0, 320) : null,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
  }
}

/** Answers an interaction, once; returns where the browser goes on. */
export async function answerQuestion(
  app: App,
  scope: Scope,
  uid: string,
  person: Person,
  { decision, scopes }: Decision,
): Promise<string> {
  const row = await getInteraction(app, uid, person)
  const { principal } = person
  if (decision === 'allow' && principal.tenantId !== row.tenantId) throw errors.anotherTenant()
  const at = { ...scope, tenantId: row.tenantId }
  const client = await getAsking(app.db.reads({ ...at, system: true }), row.payload)
  await app.db.transaction(at, async tx => {
    const result =
      decision === 'deny'
        ? { error: 'access_denied', error_description: 'the person did not allow it' }
        : await allow(tx, row, client, principal, scopes)
    if (decision === 'deny') await recordDenial(tx, client)
    await settle(tx, uid, result)
  })
  return withName(row.payload, uid).returnTo as string
}

/** Compared and set: of two answers one counts. */
async function settle(tx: Queryable, uid: string, result: object): Promise<void> {
  const settled = await tx.run(sql`
    update oauth.interactions
    set payload = payload || ${json({ result })}::jsonb, answered_at = now()
    where tenant_id = ${tx.scope.tenantId}
      and id_hash = ${hashToken(uid)}
      and answered_at is null
      and expires_at > now()
    returning id_hash`)
  if (settled.length === 0) throw errors.interactionSettled()
}

async function allow(
  tx: Queryable,
  { payload }: InteractionRow,
  client: KnownClient,
  principal: SessionPrincipal,
  ticked: readonly string[] | undefined,
): Promise<object> {
  if (wantsFreshSignIn(payload, principal)) throw errors.freshSignInNeeded()
  const { allowed, refused } = divide(client, payload, ticked)
  const grantId = await createGrant(tx, {
    client,
    principal,
    scopes: allowed,
    refusedScopes: refused,
    claims: claimsAsked(payload),
  })
  return { login: { accountId: principal.userId, ts: epoch(principal.authenticatedAt) }, consent: { grantId } }
}

export const recordDenial = (tx: Queryable, { id }: Pick<KnownClient, 'id'>): Promise<void> =>
  recordEvent(tx, { action: 'oauth_consent_refused', resource: 'oauth.oauth_clients', resourceId: id })

/** What he allows of what was asked, and what not. A sign-in without openid would be none. */
export function divide(
  client: Pick<KnownClient, 'scopes'>,
  { params }: Pick<AdapterPayload, 'params'>,
  ticked: readonly string[] | undefined,
): { allowed: string[]; refused: string[] } {
  const asked = askedOf(client, params)
  const unasked = (ticked ?? []).filter(scope => !asked.includes(scope))
  if (unasked.length > 0) throw errors.scopesNotAsked({ scopes: unasked.join(', ') })
  if (ticked && asked.includes('openid') && !ticked.includes('openid')) throw errors.openidNeeded()
  const allowed = ticked ? asked.filter(scope => ticked.includes(scope)) : asked
  return { allowed, refused: scopesOf(params?.scope).filter(scope => !allowed.includes(scope)) }
}

const askedOf = ({ scopes }: Pick<KnownClient, 'scopes'>, params: AdapterPayload['params']): string[] =>
  scopesOf(params?.scope)
    .filter(scope => isWithin(scopes, scope))
    .sort((one, other) => Number(isIdentityScope(other)) - Number(isIdentityScope(one)) || one.localeCompare(other))

/** The question that a request puts to somebody. */
export async function ask(
  app: App,
  issuer: Issuer,
  scope: Scope,
  principal: SessionPrincipal,
  payload: AdapterPayload,
): Promise<Question> {
  const tx = app.db.reads({ ...scope, tenantId: issuer.tenantId, system: true })
  const client = await getAsking(tx, payload)
  const member = await findMember(tx, principal.userId)
  const remembered = await listRemembered(tx, { userId: principal.userId, clientId: client.id })
  const scopes = describeScopes(app, askedOf(client, payload.params)).map(each => ({
    ...each,
    isNew: !remembered.includes(each.name),
  }))
  const { redirect_uri: redirectUri } = payload.params ?? {}
  const asksApi = scopes.some(({ name }) => !isIdentityScope(name))
  return {
    tenant: { id: issuer.tenantId, name: issuer.name, slug: issuer.slug },
    user: { id: principal.userId, name: principal.userName, email: member?.email ?? '' },
    client: {
      id: client.id,
      name: client.name,
      website: client.website,
      isPlatform: client.isOfPlatform,
      redirectHost: typeof redirectUri === 'string' ? hostOf(redirectUri) : null,
    },
    scopes,
    resource: asksApi ? apiOf(app) : null,
    needs: member ? neededOf(payload, client, principal, scopes) : 'membership',
  }
}

/** An app of an own scheme has no host; the scheme says whose it is. */
const hostOf = (uri: string) => new URL(uri).host || new URL(uri).protocol.slice(0, -1)

function neededOf(
  payload: AdapterPayload,
  client: KnownClient,
  principal: SessionPrincipal,
  scopes: readonly { isNew: boolean }[],
): Question['needs'] {
  if (wantsFreshSignIn(payload, principal)) return 'sign_in'
  const isAsked = scopesOf(payload.params?.prompt).includes('consent')
  if (isAsked || scopes.some(({ isNew }) => isNew)) return 'consent'
  // RFC 8252 8.6: what comes back to an app on the device may be another app that names itself so.
  return client.type === 'public' ? 'confirmation' : 'nothing'
}

/** OpenID Connect 3.1.2.1: `prompt=login` and `max_age`, which the session's last proof has to meet. */
function wantsFreshSignIn(payload: AdapterPayload, { authenticatedAt }: SessionPrincipal): boolean {
  const { params, iat = 0 } = payload
  const at = epoch(authenticatedAt)
  if (scopesOf(params?.prompt).includes('login') && at < iat) return true
  const maxAge = params?.max_age === undefined ? Number.NaN : Number(params.max_age)
  return maxAge >= 0 && Math.floor(Date.now() / 1000) - at > maxAge
}

function claimsAsked({ params }: AdapterPayload): string[] {
  if (typeof params?.claims !== 'string') return []
  const { userinfo, id_token: idToken } = JSON.parse(params.claims) as Record<string, object | undefined>
  const names = [...Object.keys(userinfo ?? {}), ...Object.keys(idToken ?? {})]
  return [...new Set(names)].filter(name => !name.includes('\0'))
}

async function getAsking(tx: Queryable, { params, clientId }: AdapterPayload): Promise<KnownClient> {
  const client = await findClient(tx, String(clientId ?? params?.client_id))
  if (!client?.isActive) throw errors.interactionNotFound()
  return client
}

const issuerOf = ({ tenantId, tenantName, slug }: InteractionRow): Issuer => ({ tenantId, name: tenantName, slug })

async function getInteraction(app: App, uid: string, { browserToken }: Person): Promise<InteractionRow> {
  const row =
    browserToken === undefined
      ? undefined
      : await app.db.reads({ system: true }).maybe(sql<InteractionRow>`
          select
            asked.tenant_id,
            asked.payload,
            asked.created_at,
            asked.expires_at,
            asked.answered_at,
            issuer.name as tenant_name,
            issuer.slug
          from oauth.interactions as asked
          join oauth.find_issuer(asked.tenant_id, null) as issuer on true
          where asked.id_hash = ${hashToken(uid)}
            and asked.browser_hash = ${hashToken(browserToken)}
            and asked.expires_at > now()`)
  if (!row) throw errors.interactionNotFound()
  if (row.answeredAt) throw errors.interactionSettled()
  return row
}
