import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { findSubjectAddresses } from '#platform/audit'
import { countLogOf, findSubject, identityErrors } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'
import { type ArchivedMention, findArchivedMentions, mentionsInWords } from './archived-people.ts'
import { eraseSubject, recordErasure } from './subject-erasures.ts'

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
        const { id, status } = await findSubject(app.db.scoped({ system: true }), user)
        const isAllowed = status === 'erased' || (status === 'deleted' && flags.atOnce) || flags.dryRun
        if (!isAllowed) throw identityErrors.accountExists()
        const counts = await countLogOf(app, id)
        // Known by the log alone, which forgets them.
        const archives = await findArchivedMentions(app, id, await findSubjectAddresses(app.db, id))
        const told = { archives, stays: mentionsInWords(app, archives) }
        if (flags.dryRun) return report(flags, { ...counts, ...told, isDryRun: true }, 'would lose')
        await confirm(flags, `${counts.entries} entries lose what is personal of ${id}, for good.\n${told.stays}`)
        await recordErasure(app.db.scoped({ system: true }), id, `${userInfo().username} at the command line`)
        report(flags, { ...(await eraseSubject(app, id, progressOn(process.stderr))), ...told }, 'have lost')
      })
    })
}

function report(
  { json }: Flags,
  result: {
    entries: number
    tenants: number
    databases: number
    archives: ArchivedMention[]
    /** What is said of them, and what can be done. */
    stays: string
    isDryRun?: boolean
  },
  words: string,
): void {
  process.stdout.write(
    json
      ? `${JSON.stringify(result, null, 2)}\n`
      : `${result.entries} entries of ${result.tenants} workspaces in ${result.databases} ${result.databases === 1 ? 'database' : 'databases'} ${words} what is personal.\n${result.stays}`,
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
