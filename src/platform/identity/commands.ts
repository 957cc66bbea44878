import { userInfo } from 'node:os'
import { type Command, Option } from 'commander'
import type { App } from '#platform/app.ts'
import type { Queryable } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { normaliseEmail } from './emails.ts'
import { errors } from './errors.ts'
import { asOperator, makeOperator, removeOperator } from './operators.ts'
import { resetTwoFactor, sendOperatorsReset } from './recoveries.ts'
import { countUsers, getUser, getUserByEmail, type ListedUser, listUsers, type UserDetails } from './user-directory.ts'
import { changeUserStatus, type UserStatus, userStatuses } from './user-statuses.ts'

type Flags = { json?: boolean }
type ListFlags = Flags & { search?: string; status?: UserStatus; limit: string }
type ReasonFlags = Flags & { reason: string; alsoPasskeys?: boolean }

const changes: readonly (readonly [name: string, status: UserStatus, description: string])[] = [
  ['suspend', 'suspended', 'Sign somebody out everywhere and keep them out until they are reactivated'],
  ['deactivate', 'inactive', 'Close an account that is not needed for now'],
  ['reactivate', 'active', 'Open a suspended or inactive account again'],
  ['delete', 'deleted', 'Delete an account: it can be restored for 90 days and is erased then'],
  ['restore', 'active', 'Bring a deleted account back, unless its address is taken by now'],
]

/** `commonhold users …`, for operators: results on stdout, with `--json` as one JSON value. */
export function registerUserCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('Accounts of people: imported, made operators, suspended, deleted')
  parent
    .command('list')
    .description('List accounts, the newest first')
    .option('--search <text>', 'part of the name, the address or the user name')
    .addOption(new Option('--status <status>', 'only accounts of this status').choices(userStatuses))
    .option('--limit <count>', 'how many at most', '100')
    .option('--json', 'print them as JSON')
    .action(async (flags: ListFlags) => {
      const limit = Number(flags.limit)
      if (!Number.isInteger(limit) || limit < 1) throw errors.limitInvalid({ limit: flags.limit })
      const filters = { q: flags.search, status: flags.status }
      const { items, counts } = await withApp(async app => {
        const tx = app.db.scoped({ system: true })
        const { items } = await listUsers(tx, filters, { limit })
        return { items, counts: await countUsers(tx, filters.q) }
      })
      write(flags, { items, counts }, () => {
        const total = filters.status === undefined ? sum(Object.values(counts)) : counts[filters.status]
        return `${linesOf(items)}${items.length} of ${total} accounts\n`
      })
    })

  parent
    .command('show <email>')
    .description('Show an account')
    .option('--json', 'print it as JSON')
    .action(async (email: string, flags: Flags) => {
      const user = await withApp(app => getUserByEmail(app.db.scoped({ system: true }), normaliseEmail(email)))
      write(flags, user, () => describe(user))
    })

  for (const [name, status, description] of changes) {
    withReason(parent.command(`${name} <email>`).description(description)).action(
      async (email: string, flags: ReasonFlags) => {
        const reason = reasonOf(flags)
        const user = await withApp(app =>
          change(app, email, (tx, { id, status: from }) => {
            // Restoring and reactivating end alike; each is for its own accounts.
            if (status === 'active' && (name === 'restore') !== (from === 'deleted')) {
              throw from === 'active'
                ? errors.statusUnchanged({ status })
                : errors.statusRefused({
                    from,
                    to: from === 'deleted' ? 'reactivated: use restore' : 'restored: use reactivate',
                  })
            }
            return changeUserStatus(app, tx, { userId: id, status, reason })
          }),
        )
        write(flags, user, () => `${user.email} is ${user.status} now.\n`)
      },
    )
  }

  withReason(parent.command('reset-two-factor <email>').description('Remove the second factor of somebody who lost it'))
    .option('--also-passkeys', 'remove his passkeys too')
    .action(async (email: string, flags: ReasonFlags) => {
      const reason = reasonOf(flags)
      const alsoPasskeys = flags.alsoPasskeys ?? false
      const user = await withApp(app =>
        change(app, email, (tx, { id }) => resetTwoFactor(app, tx, { userId: id, reason, alsoPasskeys })),
      )
      write(flags, user, () => `${user.email} has no second factor now and is signed out everywhere.\n`)
    })

  parent
    .command('reset-password <email>')
    .description('Send somebody a link for a new password')
    .option('--json', 'print the account as JSON')
    .action(async (email: string, flags: Flags) => {
      const user = await withApp(app => change(app, email, (tx, { id }) => sendOperatorsReset(app, tx, id)))
      write(flags, user, () => `A mail to ${user.email} has the link, for 30 minutes.\n`)
    })

  parent
    .command('make-operator <email>')
    .description('Let somebody run this installation')
    .option('--json', 'print the account as JSON')
    .action(async (email: string, flags: Flags) => {
      const user = await withApp(app => change(app, email, (tx, { id }) => makeOperator(tx, id)))
      write(flags, user, () => `${user.email} is an operator now.\n`)
    })

  parent
    .command('remove-operator <email>')
    .description('Let somebody run this installation no longer')
    .option('--json', 'print the account as JSON')
    .action(async (email: string, flags: Flags) => {
      const user = await withApp(app => change(app, email, (tx, { id }) => removeOperator(tx, id)))
      write(flags, user, () => `${user.email} is no longer an operator.\n`)
    })
}

/** Who acts at the command line has no account: the log names him as the system knows him. */
function change(
  app: App,
  email: string,
  work: (tx: Queryable, user: UserDetails) => Promise<void>,
): Promise<UserDetails> {
  return asOperator(app, { userName: `${userInfo().username} at the command line` }, async tx => {
    const user = await getUserByEmail(tx, normaliseEmail(email))
    await work(tx, user)
    return await getUser(tx, user.id)
  })
}

function withReason(command: Command): Command {
  return command.requiredOption('--reason <text>', 'why, for the log').option('--json', 'print the account as JSON')
}

function reasonOf({ reason }: ReasonFlags): string {
  const trimmed = reason.trim()
  if (trimmed === '' || trimmed.length > 500) throw errors.reasonInvalid()
  return trimmed
}

function write(flags: Flags, result: unknown, inWords: () => string): void {
  process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : inWords())
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)

function linesOf(users: readonly ListedUser[]): string {
  const width = Math.max(0, ...users.map(({ email }) => email.length))
  const line = ({ email, fullName, status, isOperator }: ListedUser) =>
    `${status.padEnd(10)} ${email.padEnd(width)}  ${fullName ?? ''}${isOperator ? '  (operator)' : ''}`.trimEnd()
  return users.map(user => `${line(user)}\n`).join('')
}

function describe(user: UserDetails): string {
  const { factors } = user
  const rows: [string, string | number | null | undefined][] = [
    ['id', user.id],
    ['address', `${user.email}${user.isEmailVerified ? '' : ' (not confirmed)'}`],
    ['name', user.fullName],
    ['user name', user.username],
    ['status', user.status + (user.statusReason ? `: ${user.statusReason}` : '')],
    ['since', user.statusChangedAt?.toISOString()],
    ['changed by', user.statusChangedBy?.email],
    ['restorable until', user.restorableUntil?.toISOString()],
    ['operator', user.isOperator ? 'yes' : 'no'],
    ['created', user.createdAt.toISOString()],
    ['last sign-in', user.lastLoginAt?.toISOString() ?? 'never'],
    ['locked until', user.lockedUntil?.toISOString()],
    ['sessions', user.sessions],
    ['password', factors.hasPassword ? 'yes' : 'none'],
    ['authenticator app', factors.hasTwoFactor ? `yes, ${factors.backupCodesLeft} backup codes left` : 'none'],
    ['passkeys', factors.passkeys],
    ['linked sign-ins', factors.linkedSignIns],
  ]
  return rows
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name.padEnd(18)} ${value}\n`)
    .join('')
}
