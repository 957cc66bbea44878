import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import { countLogOf, eraseAccountAtOnce, eraseLogOf, identityErrors, normaliseEmail } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'

type Flags = { atOnce?: boolean; dryRun?: boolean; yes?: boolean; json?: boolean }

/** `commonhold audit erase-subject`. `progressOn` tells a stream how far it is. */
export function registerErasureCommands(
  parent: Command,
  { withApp }: CommandContext,
  progressOn: (stream: NodeJS.WriteStream) => (done: number, of: number) => void,
): void {
  parent
    .command('erase-subject <user>')
    .description(
      'Make what is personal of somebody in the log unreadable for good: name, addresses, browser, personal values; entries and proofs stay',
    )
    .option('--at-once', 'of an account that is deleted, without waiting for the 90 days; it cannot come back then')
    .option('--dry-run', 'count what would go, change nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'print what went as JSON')
    .action(async (user: string, flags: Flags) => {
      await withApp(async app => {
        const { id, account } = await findSubject(app, user)
        const isDeleted = account?.status === 'deleted'
        if (account && !(isDeleted && (flags.atOnce || flags.dryRun))) throw identityErrors.accountExists()
        const counts = await countLogOf(app, id)
        if (flags.dryRun) return report(flags, { ...counts, isDryRun: true }, 'would lose')
        await confirm(flags, `${counts.entries} entries lose what is personal of ${id}, for good.`)
        if (account) await eraseAccountAtOnce(app, id)
        report(flags, await eraseLogOf(app, id, progressOn(process.stderr)), 'have lost')
      })
    })
}

type Subject = { id: string; account: { status: string } | undefined }

/** By id or address; who was erased already is known by his id alone. */
async function findSubject(app: App, user: string): Promise<Subject> {
  const tx = app.db.scoped({ system: true })
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(user)
  const found = await tx.run(sql<{ id: string; status: string }>`
    select id, status
    from identity.users
    where ${isId ? sql`id = ${user}` : sql`email = ${normaliseEmail(user)}`}
    order by deleted_at is not null, deleted_at desc
    limit 1`)
  const [account] = found
  if (account) return { id: account.id, account }
  const erased = isId
    ? await tx.maybe(sql<{ id: string }>`select id from identity.erased_users where id = ${user}`)
    : undefined
  if (!erased) throw identityErrors.subjectUnknown({ user })
  return { id: erased.id, account: undefined }
}

function report(
  { json }: Flags,
  result: { entries: number; tenants: number; databases: number; isDryRun?: boolean },
  words: string,
): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(result, null, 2)}\n`
      : `${result.entries} entries of ${result.tenants} workspaces in ${result.databases} ${result.databases === 1 ? 'database' : 'databases'} ${words} what is personal.\n`,
  )
}

async function confirm({ yes }: Flags, effect: string): Promise<void> {
  if (yes) return
  process.stderr.write(`${effect}\n`)
  if (!process.stdin.isTTY) throw identityErrors.notConfirmed()
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question('Go on? [y/N] ').finally(() => terminal.close())
  if (!/^y(es)?$/i.test(answer.trim())) throw identityErrors.notConfirmed()
}
