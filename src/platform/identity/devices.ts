import type { App } from '#platform/app.ts'
import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'
import { clientOf, familyOf } from './user-agents.ts'

export type RecognisedDevice = {
  id: string
  /** Nobody has signed in to this account with it before: worth a mail, unless it `isFirst`. */
  isNew: boolean
  /** It is the account's very first sign-in. */
  isFirst: boolean
  /** The value of the device's cookie. */
  token: string
}

/** How long an address with a like agent counts as known, in days. */
const familiarDays = 90

/**
 * Knows the device of a sign-in again by its cookie, or makes a row with a token of our own: one that a client brings and
 * we have not given to this user is never taken up, or whoever planted it would own a trusted device. Needs the system
 * scope; call it once for each successful sign-in, before its `recordLogin`.
 */
export async function recogniseDevice(
  tx: Queryable,
  { userId, deviceToken }: { userId: string; deviceToken: string | undefined },
): Promise<RecognisedDevice> {
  const known = deviceToken === undefined ? undefined : await touchDevice(tx, userId, deviceToken)
  if (known && deviceToken !== undefined) return { id: known.id, isNew: false, isFirst: false, token: deviceToken }
  const isFirst = await isFirstLogin(tx, userId)
  const isFamiliar = !isFirst && (await hasLikeLogin(tx, userId))
  const token = createToken()
  const id = (isFamiliar && (await takeOver(tx, userId, token))) || (await addDevice(tx, userId, token))
  return { id, isNew: !isFamiliar, isFirst, token }
}

/** Spares this device the second factor for some days (MT-05). */
export async function trustDevice(tx: Queryable, deviceId: string, days: number): Promise<void> {
  await tx.run(sql`
    update identity.user_devices
    set trusted_until = now() + ${days} * interval '1 day'
    where id = ${deviceId}`)
}

export async function isTrustedDevice(
  tx: Queryable,
  userId: string,
  deviceToken: string | undefined,
): Promise<boolean> {
  if (deviceToken === undefined) return false
  const trusted = await tx.maybe(sql`
    select id
    from identity.user_devices
    where user_id = ${userId}
      and token_hash = ${hashToken(deviceToken)}
      and trusted_until > now()`)
  return trusted !== undefined
}

/** Ends the trust in all devices of a user: after a reset password, a removed factor. */
export async function distrustDevices(tx: Queryable, userId: string): Promise<void> {
  await tx.run(sql`
    update identity.user_devices
    set trusted_until = null
    where user_id = ${userId}
      and trusted_until is not null`)
}

/** Tells the user of a sign-in on a device that he has not used before, unless he wants no such mails. */
export async function sendNewDeviceMail(
  _app: App,
  _tx: Queryable,
  _device: { userId: string; deviceId: string },
): Promise<void> {}

function touchDevice(tx: Queryable, userId: string, token: string): Promise<{ id: string } | undefined> {
  return tx.maybe(sql<{ id: string }>`
    update identity.user_devices
    set
      last_seen_at = now(),
      recognised_at = now(),
      ip_address = ${clientOf(tx.scope).address},
      user_agent = ${clientOf(tx.scope).agent}
    where user_id = ${userId}
      and token_hash = ${hashToken(token)}
    returning id`)
}

async function isFirstLogin(tx: Queryable, userId: string): Promise<boolean> {
  const { used } = await tx.one(sql<{ used: boolean }>`
    select
      exists (select from identity.user_devices where user_id = ${userId})
      or exists (
        select
        from identity.login_histories
        where user_id = ${userId}
          and status = 'success'
          and created_at < now()
      ) as used`)
  return !used
}

/** Programs keep no cookies: they are known by their address and kind. An update of a browser makes no other device. */
async function hasLikeLogin(tx: Queryable, userId: string): Promise<boolean> {
  const agents = await tx.run(sql<{ userAgent: string | null }>`
    select distinct user_agent
    from identity.login_histories
    where user_id = ${userId}
      and status = 'success'
      and ip_address = ${clientOf(tx.scope).address}::inet
      and created_at < now()
      and created_at > now() - ${familiarDays} * interval '1 day'
    limit 100`)
  const family = familyOf(clientOf(tx.scope).agent)
  return agents.some(({ userAgent }) => familyOf(userAgent) === family)
}

/** A program that signs in every hour is one device: its last row, whose cookie never came back, gets the new token. */
async function takeOver(tx: Queryable, userId: string, token: string): Promise<string | undefined> {
  const taken = await tx.maybe(sql<{ id: string }>`
    update identity.user_devices
    set token_hash = ${hashToken(token)}, last_seen_at = now()
    where id = (
      select id
      from identity.user_devices
      where user_id = ${userId}
        and ip_address = ${clientOf(tx.scope).address}::inet
        and user_agent is not distinct from ${clientOf(tx.scope).agent}
        and recognised_at is null
        and trusted_until is null
      order by last_seen_at desc
      limit 1
      for update skip locked
    )
    returning id`)
  return taken?.id
}

async function addDevice(tx: Queryable, userId: string, token: string): Promise<string> {
  const { id } = await tx.one(sql<{ id: string }>`
    insert into identity.user_devices (user_id, token_hash, user_agent, ip_address)
    values (
      ${userId},
      ${hashToken(token)},
      ${clientOf(tx.scope).agent},
      ${clientOf(tx.scope).address}
    )
    returning id`)
  return id
}
