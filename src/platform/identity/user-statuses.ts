import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { onViolation, type Queryable, sql } from '#platform/database'
import { linkTo, sendMail } from '#platform/mail'
import { errors } from './errors.ts'
import { accountClosedMail, accountDeletedMail, accountOpenedMail } from './mails.ts'
import { dayInWords } from './occasions.ts'
import { removeOperator } from './operators.ts'
import { revokeSessionsOf } from './sessions.ts'

export const userStatuses = ['active', 'inactive', 'suspended', 'deleted'] as const
export type UserStatus = (typeof userStatuses)[number]

/** GG-16: how long a deleted account can be brought back. */
export const restorableDays = 90

/** MT-01: what an account may become, and what the log calls that. */
const transitions: Readonly<Record<UserStatus, Partial<Record<UserStatus, string>>>> = {
  active: { inactive: 'deactivate', suspended: 'suspend', deleted: 'delete' },
  inactive: { active: 'reactivate', suspended: 'suspend', deleted: 'delete' },
  suspended: { active: 'reactivate', inactive: 'deactivate', deleted: 'delete' },
  deleted: { active: 'restore' },
}

type Person = {
  id: string
  email: string
  name: string
  timezone: string
  status: UserStatus
  isRestorable: boolean
}

/**
 * MT-01, MT-02: gives an account another status, with reason and actor (the scope's user; none at the command line). Its
 * sessions and links end with the transaction, and its owner gets a mail; call `announceRevocation` after the commit.
 *
 * Refuses what the table of transitions does not have, a restoration after 90 days or once the address is taken, an
 * operator who means himself, and the last operator. Needs the system scope.
 */
export async function changeUserStatus(
  app: App,
  tx: Queryable,
  change: { userId: string; status: UserStatus; reason: string | null; isOwnWish?: boolean },
): Promise<void> {
  const { userId, status, reason, isOwnWish = false } = change
  const person = await lockPerson(tx, userId)
  if (!isOwnWish && userId === tx.scope.userId) throw errors.statusOfOneself()
  const action = actionOf(person, status)
  if (status === 'deleted') await removeOperator(tx, userId)
  await onViolation(
    tx.run(sql`
      update identity.users
      set
        status = ${status},
        status_reason = ${reason},
        status_changed_at = now(),
        status_changed_by = ${tx.scope.userId ?? null},
        deactivated_at = case when ${status} = 'inactive' then now() end,
        deactivated_by = case when ${status} = 'inactive' then ${tx.scope.userId ?? null}::uuid end,
        deactivation_reason = case when ${status} = 'inactive' then ${reason} end,
        deleted_at = case when ${status} = 'deleted' then now() end,
        deleted_by = case when ${status} = 'deleted' then ${tx.scope.userId ?? null}::uuid end
      where id = ${userId}
        and status = ${person.status}`),
    {
      operators_one_active: errors.lastOperator,
      users_email_unique: errors.restoreAddressTaken,
      users_username_unique: errors.restoreAddressTaken,
    },
  )
  if (status !== 'active') await endAccess(tx, userId, `account ${status}`)
  await recordEvent(tx, {
    action,
    resource: 'identity.users',
    resourceId: userId,
    details: { from: person.status, to: status, reason },
  })
  await tellPerson(app, tx, person, status, isOwnWish)
}

/** Nothing that was given out opens the account any more: sessions with their tokens, links, steps of a sign-in. */
export async function endAccess(tx: Queryable, userId: string, reason: string): Promise<number> {
  await tx.run(sql`
    update identity.one_time_tokens
    set used_at = now()
    where user_id = ${userId}
      and used_at is null`)
  return await revokeSessionsOf(tx, userId, reason)
}

/** Two changes of one account take turns, and a sign-in that is under way is waited for: its session ends too. */
async function lockPerson(tx: Queryable, userId: string): Promise<Person> {
  const person = await tx.maybe(sql<Person>`
    select
      account.id,
      account.email,
      coalesce(account.full_name, account.email) as name,
      coalesce(profile.timezone, 'UTC') as timezone,
      account.status,
      coalesce(account.deleted_at > now() - ${restorableDays} * interval '1 day', false) as is_restorable
    from identity.users as account
    left join identity.user_profiles as profile on profile.user_id = account.id
    where account.id = ${userId}
    for no key update of account`)
  if (!person) throw errors.userNotFound({ id: userId })
  return person
}

function actionOf(person: Person, status: UserStatus): string {
  if (person.status === status) throw errors.statusUnchanged({ status })
  const action = transitions[person.status][status]
  if (action === undefined) throw errors.statusRefused({ from: person.status, to: status })
  if (action === 'restore' && !person.isRestorable) throw errors.restoreTooLate({ days: restorableDays })
  return action
}

async function tellPerson(
  app: App,
  tx: Queryable,
  person: Person,
  status: UserStatus,
  isOwnWish: boolean,
): Promise<void> {
  const { id: userId, email: to, name, timezone } = person
  if (status === 'active') {
    await sendMail(app, tx, { to, userId, mail: accountOpenedMail, values: { name, link: linkTo(app, '/sign-in') } })
  } else if (status === 'deleted') {
    const erasedOn = dayInWords(erasureAfter(app.clock.now()), timezone)
    await sendMail(app, tx, { to, userId, mail: accountDeletedMail, values: { name, erasedOn, isOwnWish } })
  } else {
    const isSuspended = status === 'suspended'
    await sendMail(app, tx, { to, userId, mail: accountClosedMail, values: { name, isSuspended } })
  }
}

/** When an account that is deleted now is erased. */
const erasureAfter = (deletedAt: Date) => new Date(deletedAt.getTime() + restorableDays * 86_400_000)
