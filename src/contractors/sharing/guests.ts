import pg from 'pg'
import { type Static, Type } from 'typebox'
import { explainAccess } from '#platform/access'
import { type App, mainApp } from '#platform/app.ts'
import { createTenantToken, hashToken, tenantOfToken } from '#platform/crypto'
import { type Queryable, type Scope, sql } from '#platform/database'
import { type CookieChange, timestamp, uuid } from '#platform/http'
import { verifyPassword } from '#platform/identity'
import { admitsAddress, hasFeature } from '#platform/tenancy'
import { shareErrors } from './share-errors.ts'
import { outsideShares, type Permission } from './shares.ts'

/** How long what a link has opened stays open in that browser. */
const sessionHours = 8

/** Somebody outside who has opened a link: for one list. */
export type Guest = {
  tenantId: string
  sessionId: string
  shareId: string
  listId: string
  email: string
  permission: Permission
  includesRemarks: boolean
  expiresAt: Date
  sharedBy: string
  scope: Scope
}

export const OpenedList = Type.Object({ listId: uuid, expiresAt: timestamp })
export type OpenedList = Static<typeof OpenedList>

type Asking = {
  scope: Scope
  headers: Readonly<Record<string, string | string[] | undefined>>
  cookies: Readonly<Record<string, string | undefined>>
}

/** A cookie for each list, so that two lists can stand open beside each other. */
export const guestCookie = (listId: string) => `__Host-commonhold-list-${listId}`

/**
 * Opens a list by the secret of a link, and its password if it has one. A link for one time is used up by that: of many
 * who come at once one comes in. A link that never was, has ended, was taken back or used is answered alike.
 */
export async function openLink(
  app: App,
  asking: Asking,
  { token, password }: { token: string; password?: string | undefined },
): Promise<{ opened: OpenedList; cookie: CookieChange }> {
  requirePageOfOurs(asking)
  const tenantId = tenantOfToken(token)
  if (tenantId === undefined) throw shareErrors.linkUnusable()
  const { requestId, ipAddress, userAgent } = asking.scope
  const scope: Scope = { tenantId, requestId, ipAddress, userAgent }
  const tx = app.db.scoped(scope)
  const share = await tx.maybe<{ sharedBy: string; email: string; passwordHash: string | null }>(sql`
    select shared_by, email, password_hash
    from contractors.find_share(${hashToken(token)})
  `)
  if (!share || !(await isAnsweredFor(app, tenantId, share.sharedBy))) throw shareErrors.linkUnusable()
  await requireAddress(app, scope)
  if (share.passwordHash !== null) {
    if (password === undefined) throw shareErrors.linkPasswordNeeded()
    const { isTried } = await tx.one<{ isTried: boolean }>(
      sql`select contractors.try_share_password(${hashToken(token)}) as is_tried`,
    )
    if (!isTried) throw shareErrors.linkRests({ retryAfter: 900 })
    if (!(await verifyPassword(share.passwordHash, password))) throw shareErrors.linkPasswordWrong()
  }
  const secret = createTenantToken(tenantId)
  const opened = await app.db.scoped({ ...scope, userName: guestName(share.email) }).maybe<OpenedList>(sql`
      select list_id, expires_at
      from contractors.open_share(${hashToken(token)}, ${share.passwordHash}, ${hashToken(secret)}, ${sessionHours}::integer)
    `)
  if (!opened) throw shareErrors.linkUnusable()
  return { opened, cookie: { name: guestCookie(opened.listId), value: secret, expires: opened.expiresAt } }
}

/** Who asks for a list by the cookie that its link has left, as of this moment. */
export async function admitGuest(app: App, asking: Asking, listId: string, isWrite = false): Promise<Guest> {
  if (isWrite) requirePageOfOurs(asking)
  const guest = await findGuest(app, asking, listId)
  if (!guest) throw shareErrors.sharedListClosed()
  await requireAddress(app, guest.scope)
  return guest
}

/** Whether who was admitted still would be. */
export async function isStillAdmitted(
  app: App,
  asking: Pick<Asking, 'scope' | 'cookies'>,
  listId: string,
): Promise<boolean> {
  const guest = await findGuest(app, asking, listId)
  return guest !== undefined && (await isAddressAdmitted(app, guest.scope))
}

async function findGuest(
  app: App,
  asking: Pick<Asking, 'scope' | 'cookies'>,
  listId: string,
): Promise<Guest | undefined> {
  const secret = asking.cookies[guestCookie(listId)]
  const tenantId = secret === undefined ? undefined : tenantOfToken(secret)
  if (secret === undefined || tenantId === undefined) return undefined
  const { requestId, ipAddress, userAgent } = asking.scope
  const scope: Scope = { tenantId, requestId, ipAddress, userAgent }
  const found = await app.db.scoped(scope).maybe<Omit<Guest, 'tenantId' | 'sessionId' | 'scope'> & { id: string }>(sql`
    select id, share_id, list_id, shared_by, email, permission, includes_remarks, expires_at
    from contractors.find_share_session(${hashToken(secret)})
  `)
  if (!found || found.listId !== listId || !(await isAnsweredFor(app, tenantId, found.sharedBy))) return undefined
  const { id: sessionId, ...guest } = found
  return { ...guest, tenantId, sessionId, scope: { ...scope, userName: guestName(found.email) } }
}

/**
 * Runs `work` as the guest: in a role that has nothing but what lists need, whose rows are those of his one list. The
 * database looks his share up again for each statement. `then` runs after it as the program, in the same transaction.
 */
export async function asGuest<T>(
  app: App,
  guest: Guest,
  work: (tx: Queryable) => Promise<T>,
  then?: (tx: Queryable, result: T) => Promise<void>,
): Promise<T> {
  try {
    return await app.db.transaction(guest.scope, async tx => {
      await becomeGuest(tx, guest)
      const result = await work(tx)
      if (then) {
        await tx.run(sql`select set_config('role', 'none', true)`)
        await then(tx, result)
      }
      return result
    })
  } catch (error) {
    throw (await endedMeanwhile(app, guest, error)) ?? error
  }
}

const becomeGuest = (tx: Queryable, { sessionId }: Guest) =>
  tx.run(sql`
    select set_config('role', 'commonhold_guest', true), set_config('app.share_session', ${sessionId}, true)
  `)

/** Where the database refuses what the request was still let in for: what his share, or the list, has become since. */
async function endedMeanwhile(app: App, guest: Guest, error: unknown): Promise<Error | undefined> {
  if (!(error instanceof pg.DatabaseError)) return undefined
  const isOfPolicies = error.code === '42501'
  const isOfList = error.code === '23503' && error.constraint?.endsWith('_list_id_fkey')
  if (!isOfPolicies && !isOfList) return undefined
  const share = await app.db.transaction(guest.scope, async tx => {
    await becomeGuest(tx, guest)
    return await tx.maybe<{ permission: Permission }>(sql`select permission from contractors.current_share()`)
  })
  if (!share) return shareErrors.sharedListClosed({}, error)
  return share.permission === guest.permission ? undefined : shareErrors.shareTooWeak({}, error)
}

/** Closes what a link has opened in this browser. */
export async function closeLink(app: App, asking: Asking, listId: string): Promise<CookieChange> {
  requirePageOfOurs(asking)
  const name = guestCookie(listId)
  const secret = asking.cookies[name]
  const tenantId = secret === undefined ? undefined : tenantOfToken(secret)
  if (secret !== undefined && tenantId !== undefined) {
    await app.db.scoped({ tenantId }).run(sql`select contractors.end_share_session(${hashToken(secret)})`)
  }
  return { name, value: undefined }
}

/**
 * Whether the sharer may still share, in a tenant that is open and lets lists out: asked at each request, so that a link
 * ends with its sharer's rights.
 */
async function isAnsweredFor(app: App, tenantId: string, sharedBy: string): Promise<boolean> {
  const main = mainApp(app)
  const asked = { userId: sharedBy, tenantId, permission: 'contractors.shares.write' }
  const [{ isAllowed }, isOn] = await Promise.all([
    explainAccess(main.db.reads({ system: true }), asked),
    hasFeature(main, tenantId, outsideShares),
  ])
  return isAllowed && isOn
}

/**
 * A guest comes from where members may come from, else a link would be the way around the rule (MT-16). Asked once the link
 * or its cookie was found good: who has neither learns nothing of the rules.
 */
async function requireAddress(app: App, scope: Scope): Promise<void> {
  if (!(await isAddressAdmitted(app, scope))) throw shareErrors.guestAddressRefused({ address: scope.ipAddress })
}

function isAddressAdmitted(app: App, { tenantId, ipAddress }: Scope): Promise<boolean> {
  return admitsAddress(mainApp(app).db.reads({ tenantId }), ipAddress)
}

const guestName = (email: string) => `${email} (by a link)`

/** The cookie comes along by itself: what writes must be a page of this site, and say so, as with sessions. */
function requirePageOfOurs({ headers }: Asking): void {
  const { 'sec-fetch-site': site, origin } = headers
  // That an origin, where there is one, is ours the frame has seen.
  if (site === undefined ? origin === undefined : site !== 'same-origin') throw shareErrors.notFromHere()
}
