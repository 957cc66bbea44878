import type { RawBuilder } from 'kysely'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { createToken, hashToken } from '#platform/crypto'
import { type Queryable, type Scope, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import { linkTo, sendMail } from '#platform/mail'
import { announceAccountEvent } from './account-events.ts'
import { errors } from './errors.ts'
import { newDeviceMail } from './mails.ts'
import { describeOccasion } from './occasions.ts'
import { describeClient, Place } from './places.ts'
import { clientOf, Device, describeUserAgent, familyOf } from './user-agents.ts'

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
  const isProgram = describeUserAgent(tx.scope.userAgent).kind === 'program'
  const id = (isFamiliar && isProgram && (await takeOver(tx, userId, token))) || (await addDevice(tx, userId, token))
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
  app: App,
  tx: Queryable,
  { userId, deviceId }: { userId: string; deviceId: string },
): Promise<void> {
  const told = await tx.maybe(sql<NewDevice>`
    select
      account.email,
      account.full_name,
      profile.timezone,
      device.last_seen_at,
      device.user_agent,
      host(device.ip_address) as ip_address,
      (profile.email_preferences -> 'security') is distinct from 'false' as wants_mail
    from identity.user_devices as device
    join identity.users as account
      on account.id = device.user_id
    join identity.user_profiles as profile
      on profile.user_id = account.id
    where device.id = ${deviceId}
      and device.user_id = ${userId}`)
  if (!told) return
  const values = {
    name: told.fullName ?? told.email,
    facts: await describeOccasion(app, { moment: told.lastSeenAt, ...told }),
    sessionsLink: linkTo(app, '/account/sessions'),
    passwordLink: linkTo(app, '/forgot-password'),
  }
  if (told.wantsMail) await sendMail(app, tx, { to: told.email, userId, mail: newDeviceMail, values })
  await announceAccountEvent(app, tx, userId, newDeviceMail, values)
}

type NewDevice = {
  wantsMail: boolean
  email: string
  fullName: string | null
  timezone: string
  lastSeenAt: Date
  userAgent: string | null
  ipAddress: string | null
}

/** A device that the user has signed in with, as he is shown it. */
export const KnownDevice = Type.Object({
  id: uuid,
  isCurrent: Type.Boolean({ description: 'This request comes from a session on it' }),
  device: Device,
  place: nullable(Place),
  ipAddress: nullable(Type.String()),
  trustedUntil: nullable(timestamp),
  createdAt: timestamp,
  lastSeenAt: timestamp,
})
export type KnownDevice = Static<typeof KnownDevice>

/** The user's devices, the last used first; 100 at most. */
export async function listDevices(
  app: App,
  tx: Queryable,
  user: { userId: string; sessionId: string },
): Promise<KnownDevice[]> {
  type Row = Omit<KnownDevice, 'device' | 'place'> & { userAgent: string | null }
  const rows = await tx.run(sql<Row>`
    select
      device.id,
      exists (
        select
        from identity.user_sessions as session
        where session.id = ${user.sessionId}
          and session.device_id = device.id
      ) as is_current,
      host(device.ip_address) as ip_address,
      device.user_agent,
      case when device.trusted_until > now() then device.trusted_until end as trusted_until,
      device.created_at,
      device.last_seen_at
    from identity.user_devices as device
    where device.user_id = ${user.userId}
    order by device.last_seen_at desc, device.id
    limit 100`)
  return await Promise.all(rows.map(row => describeClient(app, row)))
}

/** Forgets a device: it needs the second factor again, and its next sign-in is told by mail. Its sessions stay. */
export async function forgetDevice(tx: Queryable, userId: string, deviceId: string): Promise<void> {
  const forgotten = await tx.run(sql`
    delete from identity.user_devices
    where id = ${deviceId}
      and user_id = ${userId}
    returning id`)
  if (forgotten.length === 0) throw errors.deviceNotFound({ id: deviceId })
}

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

/** The same for a right password: failures are counted anew, unless the device rests and that is a matter. */
export function knownDeviceUpdate(
  scope: Scope,
  { userId, deviceToken, mayRest }: { userId: string; deviceToken: string; mayRest: boolean },
): RawBuilder<unknown> {
  return sql`
    update identity.user_devices
    set
      failed_attempts = 0,
      resting_until = null,
      last_seen_at = now(),
      recognised_at = now(),
      ip_address = ${clientOf(scope).address},
      user_agent = ${clientOf(scope).agent}
    where user_id = ${userId}
      and token_hash = ${hashToken(deviceToken)}
      and (not ${mayRest}::boolean or resting_until is null or resting_until <= now())
    returning id`
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

/**
 * A program that signs in every hour is one device: its last row, whose cookie never came back, gets the new token. Not so
 * a browser: a private window would take the row of the usual one, whose cookie is still to come back.
 */
async function takeOver(tx: Queryable, userId: string, token: string): Promise<string | undefined> {
  const taken = await tx.maybe(sql<{ id: string }>`
    update identity.user_devices
    set token_hash = ${hashToken(token)}, last_seen_at = now(), failed_attempts = 0, resting_until = null
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
