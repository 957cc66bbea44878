import type { RawBuilder } from 'kysely'
import { hashToken } from '#platform/crypto'
import { type Queryable, sql } from '#platform/database'
import type { Account } from './users.ts'

/**
 * MT-03: where wrong passwords are counted. On a device that the user has signed in with before it is the device, so that
 * whoever guesses from elsewhere cannot lock the owner out of his own browser; else the account and the address.
 */
export type FailureCounter = {
  /** Absent for an unknown address: then the same statements change nothing. */
  userId: string | undefined
  /** A device of this user. */
  deviceId: string | undefined
  ipAddress: string | undefined
}

/** Wrong passwords for an account or device before it rests, and for a network address. */
const toleratedByAccount = 5
const toleratedByAddress = 30

/** `account`: a guess counts for nothing now, however good it is. `address`: the seconds that this address rests still. */
export type Rests = { account: boolean; address: number }

/**
 * Whether a guess counts for nothing now. The account or device rests from the fifth wrong password on: 1 minute, doubling
 * up to 15. The address rests from the thirtieth, 1 minute doubling up to an hour.
 */
export function findRest(tx: Queryable, counter: FailureCounter): Promise<Rests> {
  return tx.one(sql<Rests>`
    select ${rests}
    from (values (${counter.userId ?? null}::uuid, ${counter.deviceId ?? null}::uuid)) as given (user_id, device_id)
    left join identity.users as account
      on account.id = given.user_id
    left join identity.user_devices as device
      on device.id = given.device_id and device.user_id = given.user_id
    left join identity.address_failures as address
      on address.address = ${networkOf(counter)}`)
}

/** `passwordVersion`: which of its passwords the hash is of, for `countLogin`. */
export type GuessedAccount = Account & { passwordVersion: number }

/**
 * What sign-in needs to know before it looks at the password, in one statement: the account, the device of the cookie where
 * this user has signed in on it before, and what rests.
 * The same is done for an address that nobody has. Needs the system scope.
 */
export async function findGuessed(
  tx: Queryable,
  guess: { email: string; deviceToken: string | undefined; ipAddress: string | undefined },
): Promise<{ account: GuessedAccount | undefined; knownDeviceId: string | undefined; rests: Rests }> {
  const deviceHash = guess.deviceToken === undefined ? null : hashToken(guess.deviceToken)
  type Found = { [Key in keyof GuessedAccount]: GuessedAccount[Key] | null }
  type Row = Found & { knownDeviceId: string | null; restsOfAccount: boolean; restsOfAddress: number }
  const { knownDeviceId, restsOfAccount, restsOfAddress, ...found } = await tx.one(sql<Row>`
    select
      account.id,
      account.email,
      account.full_name,
      account.username,
      account.is_active,
      account.password_version,
      password.password_hash,
      device.id as known_device_id,
      rests.account as rests_of_account,
      rests.address as rests_of_address
    from (values (${guess.email}::text)) as given (email)
    left join identity.users as account
      on account.email = given.email and account.deleted_at is null
    left join identity.passwords as password
      on password.user_id = account.id and password.replaced_at is null
    left join identity.user_devices as device
      on device.user_id = account.id and device.token_hash = ${deviceHash}::bytea
    left join identity.address_failures as address
      on address.address = ${networkOf(guess)}
    cross join lateral (select ${rests}) as rests`)
  return {
    account: found.id === null ? undefined : (found as GuessedAccount),
    knownDeviceId: knownDeviceId ?? undefined,
    rests: { account: restsOfAccount, address: restsOfAddress },
  }
}

const rests = sql`
  case
    when device.id is not null then coalesce(device.resting_until > now(), false)
    else coalesce(account.account_locked_until > now(), false)
  end as account,
  case
    when device.id is not null then 0
    else coalesce(greatest(ceil(extract(epoch from address.resting_until - now())), 0), 0)::integer
  end as address`

/**
 * Counts a wrong password. What comes while the account rests tells the guesser nothing and is not counted for it: nobody
 * can keep the owner out by going on. Addresses are counted on; an hour of silence forgives them.
 */
export async function countFailedLogin(tx: Queryable, counter: FailureCounter): Promise<void> {
  // The same statements whether or not there is such an account: their time would tell.
  const userId = counter.userId ?? crypto.randomUUID()
  await tx.run(sql`
    with
      device as (
        update identity.user_devices
        set
          failed_attempts = failed_attempts + 1,
          resting_until = case
            when failed_attempts + 1 >= ${toleratedByAccount}
              then now() + least(interval '15 minutes', interval '1 minute' * 2 ^ least(failed_attempts + 1 - ${toleratedByAccount}, 10))
          end
        where id = ${counter.deviceId ?? null}
          and user_id = ${userId}
          and (resting_until is null or resting_until <= now())
        returning id
      ),
      account as (
        update identity.users
        set
          failed_login_attempts = failed_login_attempts + 1,
          last_failed_login_at = now(),
          account_locked_until = case
            when failed_login_attempts + 1 >= ${toleratedByAccount}
              then now() + least(interval '15 minutes', interval '1 minute' * 2 ^ least(failed_login_attempts + 1 - ${toleratedByAccount}, 10))
          end
        where id = ${userId}
          and ${counter.deviceId ?? null}::uuid is null
          and (account_locked_until is null or account_locked_until <= now())
        returning id
      )
    insert into identity.address_failures as address (address, failed_attempts)
    select ${networkOf(counter)}, 1
    where ${networkOf(counter)}::inet is not null
    on conflict (address) do update
    set
      failed_attempts = case
        when address.last_failed_at < now() - interval '1 hour' then 1
        else address.failed_attempts + 1
      end,
      last_failed_at = now(),
      resting_until = case
        when address.last_failed_at >= now() - interval '1 hour' and address.failed_attempts + 1 >= ${toleratedByAddress}
          then now() + least(interval '1 hour', interval '1 minute' * 2 ^ least((address.failed_attempts + 1 - ${toleratedByAddress}) / 10, 10))
      end`)
}

/**
 * Counts a sign-in; failures of the account and of the device are counted anew from here. False, and nothing is changed,
 * where the account rests or was switched off since it was looked up: of many guesses at once the right one must not
 * slip past the rest. `deviceId`: a device of this user, which rests by itself. Without `mayRest` no rest counts: who
 * came by a passkey guessed nothing. With `passwordVersion` also false where the password was changed since.
 */
export async function countLogin(
  tx: Queryable,
  login: {
    userId: string
    deviceId: string | undefined
    mayRest: boolean
    passwordVersion: number | undefined
  },
): Promise<boolean> {
  const { userId, deviceId, mayRest } = login
  const mayCount = sql`(
    not ${mayRest}::boolean
    or exists (select from device)
    or (${deviceId ?? null}::uuid is null and (account_locked_until is null or account_locked_until <= now()))
  )`
  const counted = await tx.run(sql`
    with device as (
      update identity.user_devices
      set failed_attempts = 0, resting_until = null
      where id = ${deviceId ?? null}
        and user_id = ${userId}
        and (resting_until is null or resting_until <= now())
      returning id
    )
    ${loginUpdate(login, mayCount)}`)
  return counted.length === 1
}

/** Counts a sign-in of an active account where `condition` holds and its password is still that version, if one is given. */
export function loginUpdate(
  { userId, passwordVersion = null }: { userId: string; passwordVersion?: number | null | undefined },
  condition: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    update identity.users
    set
      failed_login_attempts = 0,
      account_locked_until = null,
      login_count = login_count + 1,
      last_login_at = now(),
      last_activity_at = now()
    where id = ${userId}
      and is_active
      and (${passwordVersion}::integer is null or password_version = ${passwordVersion})
      and ${condition}
    returning id`
}

/** Ends the rest of an account, for an owner who has shown in another way who he is (a reset by mail). */
export async function endRest(tx: Queryable, userId: string): Promise<void> {
  await tx.run(sql`
    update identity.users
    set failed_login_attempts = 0, account_locked_until = null
    where id = ${userId}
      and (failed_login_attempts > 0 or account_locked_until is not null)`)
}

/** Accounts that rest and whose owners have not been told of it, marked as told. Needs the system scope. */
export function takeUntoldRests(tx: Queryable): Promise<{ id: string; email: string; name: string }[]> {
  return tx.run(sql<{ id: string; email: string; name: string }>`
    update identity.users
    set lock_told_at = now()
    where account_locked_until > now()
      and is_active
      and (lock_told_at is null or lock_told_at < now() - interval '1 day')
    returning id, email, coalesce(full_name, email) as name`)
}

/** An IPv6 address by its /64: whoever has one of them has them all. */
function networkOf({ ipAddress }: { ipAddress: string | undefined }) {
  return sql`(
    select case when family(given) = 6 then network(set_masklen(given, 64))::inet else given end
    from (values (${ipAddress ?? null}::inet)) as client (given)
  )`
}
