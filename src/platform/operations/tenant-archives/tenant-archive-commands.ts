import { userInfo } from 'node:os'
import { basename } from 'node:path'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { printable } from '#platform/terminal.ts'
import { readPassphrase } from './containers.ts'
import { exportTenant } from './exports.ts'
import { importTenant, type TenantImport } from './imports.ts'

type Exporting = { out?: string; passphraseFile?: string; json?: boolean }
type Importing = {
  passphraseFile?: string
  slug?: string
  name?: string
  thumbprint?: string
  trustSigner?: boolean
  dryRun?: boolean
  rejects?: string
  json?: boolean
}

/** Ends with 6 when rows were refused: the rest is in. */
const rejectedCode = 6

const say = (line: string): void => void process.stderr.write(`${printable(line)}\n`)
const byHand = () => `${userInfo().username} at the command line`

/** `commonhold tenants export` and `tenants import`: the result on stdout, progress on stderr. */
export function registerTenantArchiveCommands(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('export <slug>')
    .description('Write all that belongs to a tenant into one file, while it is used')
    .option('--out <file>', 'where to; SLUG-TIME.tar.gz in this folder unless named, .chb where it is sealed')
    .option(
      '--passphrase-file <file>',
      'seal it with the passphrase in the first line of this file: it holds personal data',
    )
    .option('--json', 'print what was written as JSON')
    .action(async (slug: string, { out, passphraseFile, json }: Exporting) => {
      const passphrase = passphraseFile === undefined ? undefined : readPassphrase(passphraseFile)
      const exported = await interruptible(signal =>
        withApp(app => {
          const time = app.clock
            .now()
            .toISOString()
            .replace(/[-:]|\.\d+/g, '')
          const path = out ?? `${slug}-${time}.${passphrase === undefined ? 'tar.gz' : 'chb'}`
          return exportTenant(app, slug, { path, passphrase, actor: byHand(), progress: say, signal })
        }),
      )
      const words = `${exported.tenant.slug}: ${exported.rows} rows are in ${exported.path}\n`
      process.stdout.write(json ? `${JSON.stringify(exported, null, 2)}\n` : words)
    })

  parent
    .command('import <file>')
    .description('Take the tenant of such a file into this installation, all of it or nothing')
    .option('--passphrase-file <file>', 'with the passphrase in its first line, where the file is sealed')
    .option('--slug <slug>', 'the tenant’s here, where its own is taken')
    .option('--name <name>', 'the tenant’s here')
    .option('--thumbprint <text>', 'the key that the file must be signed with: `commonhold audit key` says it there')
    .option('--trust-signer', 'take it whoever has signed it: he says who was a member, and what anybody did')
    .option('--dry-run', 'do all of it, tell what came of it, and take it back')
    .option('--rejects <file>', 'where rows go that have no place here (default: FILE.rejects.jsonl in this folder)')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, { passphraseFile, rejects, dryRun, trustSigner, json, ...wanted }: Importing) => {
      const passphrase = passphraseFile === undefined ? undefined : readPassphrase(passphraseFile)
      const rejectsPath = rejects ?? `${basename(path)}.rejects.jsonl`
      const imported = await interruptible(signal =>
        withApp(app =>
          importTenant(app, path, {
            ...wanted,
            passphrase,
            rejectsPath,
            isDryRun: dryRun === true,
            isSignerTrusted: trustSigner === true,
            actor: byHand(),
            progress: say,
            signal,
          }),
        ),
      )
      process.stdout.write(json ? `${JSON.stringify(imported, null, 2)}\n` : describe(imported, rejectsPath))
      if (imported.rejected > 0) process.exitCode = rejectedCode
    })
}

async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    return await work(stop.signal)
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

function describe({ tenant, isDryRun, rows, rejected, ...rest }: TenantImport, rejectsPath: string): string {
  const { accounts, renewedIds, logEntries, tables, from, erased } = rest
  const lines = [
    `${tenant.slug} (${tenant.id}): ${rows} rows${isDryRun ? ' (dry run, nothing was changed)' : ''}`,
    `  from      ${from.installation}, exported ${from.exportedAt}, signed with ${from.thumbprint}`,
    `  accounts  ${accounts.known} known, ${accounts.created} new`,
    `  log       ${logEntries} entries of there`,
    ...(erased.accounts + erased.logEntries > 0
      ? [
          `  erased    ${erased.accounts} people who were erased here: ${erased.rows} rows stayed out, ${erased.logEntries} entries of the log lost what was personal`,
        ]
      : []),
    `  ids       ${renewedIds} renewed`,
    ...Object.entries(tables).map(
      ([name, { rows, rejected, reason }]) =>
        `  ${name}  ${rows}${rejected > 0 ? `, ${rejected} refused: ${reason}` : ''}`,
    ),
    ...(rejected > 0
      ? [
          `  ${rejected} rows have no place here${isDryRun ? '' : `; they are in ${rejectsPath}, each with its reason`}.`,
          isDryRun
            ? '  To have them too, bring in first what they lead to.'
            : '  To have them too, bring in what they lead to, delete this workspace and import it again.',
        ]
      : []),
  ]
  return `${lines.map(printable).join('\n')}\n`
}
