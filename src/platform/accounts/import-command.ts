import { userInfo } from 'node:os'
import { basename } from 'node:path'
import cliProgress from 'cli-progress'
import { type Command, Option } from 'commander'
import { type UserFormat, type UserImportProgress, type UserImportSummary, userFormats } from '#platform/identity'
import type { CommandContext } from '#platform/module.ts'
import { importUsersInto } from './user-imports.ts'

type Flags = {
  format?: UserFormat
  tenant?: string
  role: string
  dryRun?: boolean
  rejects?: string
  json?: boolean
}

/** Ends with 6 when rows were refused: the rest is in. */
const rejectedCode = 6

/** `commonhold users import`: the result on stdout, progress on stderr. */
export function registerUserImport(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('import <file>')
    .description(
      'Make accounts from a file, with password hashes of bcrypt or Argon2; refused rows are written to a file, all others go in together',
    )
    .addOption(new Option('--format <format>', 'how it is written, where its name does not tell').choices(userFormats))
    .option('--tenant <slug>', 'make everybody in it a member of this tenant')
    .option('--role <name>', 'the role of new members', 'member')
    .option('--dry-run', 'tell what would change and change nothing')
    .option('--rejects <file>', 'where refused rows go, as CSV (default: FILE.rejects.csv in this folder)')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, flags: Flags) => {
      const rejectsPath = flags.rejects ?? `${basename(path)}.rejects.csv`
      const bar = progressBar(basename(path))
      const stop = new AbortController()
      const interrupt = () => stop.abort()
      process.once('SIGINT', interrupt)
      process.once('SIGTERM', interrupt)
      try {
        const summary = await withApp(app =>
          importUsersInto(
            app,
            path,
            {
              format: flags.format,
              dryRun: flags.dryRun ?? false,
              rejectsPath,
              actor: `${userInfo().username} at the command line`,
              signal: stop.signal,
              onProgress: bar.show,
            },
            flags.tenant === undefined ? undefined : { slug: flags.tenant, role: flags.role },
          ),
        )
        bar.stop()
        process.stdout.write(
          flags.json ? `${JSON.stringify(summary, null, 2)}\n` : describe(summary, flags, rejectsPath),
        )
        if (summary.rows.rejected > 0) process.exitCode = rejectedCode
      } finally {
        bar.stop()
        process.off('SIGINT', interrupt)
        process.off('SIGTERM', interrupt)
      }
    })
}

function describe(summary: UserImportSummary, { tenant, role }: Flags, rejectsPath: string): string {
  const { rows, changed } = summary
  const lines = [
    `${summary.file}: ${rows.read} rows in ${summary.duration.toFixed(1)} s${summary.dryRun ? ' (dry run, nothing was changed)' : ''}`,
    `  accounts  ${rows.inserted} new, ${rows.known} there already, ${rows.rejected} rejected`,
    ...(changed === undefined ? [] : [`  members   ${changed} new in ${tenant}, as ${role}`]),
  ]
  if (rows.rejected > 0) {
    lines.push(`  rejected rows are in ${rejectsPath}; the first:`)
    for (const { line, column, reason } of summary.rejects.slice(0, 5)) {
      lines.push(`    line ${line}${column && `, ${column}`}: ${reason}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** A bar on a terminal; elsewhere nothing, so that logs stay readable. */
function progressBar(name: string) {
  const bar = new cliProgress.SingleBar(
    {
      stream: process.stderr,
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: true,
      format: `${name} {bar} {percentage}% | {rows} rows | {phase}`,
    },
    cliProgress.Presets.shades_classic,
  )
  let isShown = false
  return {
    show({ bytesRead, bytes, rows, phase }: UserImportProgress) {
      if (isShown) bar.update(bytesRead, { rows, phase })
      else bar.start(bytes, bytesRead, { rows, phase })
      isShown = true
    },
    stop() {
      if (isShown) bar.stop()
      isShown = false
    },
  }
}
