import { userInfo } from 'node:os'
import { basename } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import cliProgress from 'cli-progress'
import { type Command, Option } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { registerExportCommand } from './exports/export-command.ts'
import { enqueueConsequences } from './imports/consequences.ts'
import { registerImportCommands } from './imports/import-commands.ts'
import { type ImportProgress, type ImportSummary, importFile } from './imports/imports.ts'
import { allSources } from './imports/sources.ts'
import { registerListCommands } from './lists/list-commands.ts'
import { registerMatchCommands } from './matching/match-commands.ts'
import { registerMentionCommands } from './matching/mention-commands.ts'
import { registerShowCommand } from './profiles/show-command.ts'
import { registerSearchCommand } from './search/search-command.ts'
import { registerSummaryCommand } from './summary/summary-command.ts'

type Flags = { source: string; dryRun?: boolean; json?: boolean; rejects?: string }

/** Ends with 6 when rows were refused: the rest is in. */
const rejectedCode = 6

/** `commonhold contractors …`: results on stdout, with `--json` as one JSON value; progress on stderr. */
export function registerContractorCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('The catalogue of contractors: imported, searched, matched, lists')
  registerExportCommand(parent, { withApp })
  registerSummaryCommand(parent, { withApp })
  registerMatchCommands(parent, { withApp })
  registerMentionCommands(parent, { withApp })
  registerSearchCommand(parent, { withApp })
  registerShowCommand(parent, { withApp })
  registerListCommands(parent, { withApp })
  registerImportCommands(parent, { withApp })
  parent
    .command('import <file...>')
    .description('Import files of public contractor data; each goes in whole or not at all, twice changes nothing')
    .addOption(
      new Option(
        '--source <name>',
        `what the files are: ${allSources()
          .map(source => source.name)
          .join(', ')}`,
      ).makeOptionMandatory(),
    )
    .option('--dry-run', 'tell what would change and change nothing')
    .option('--rejects <file>', 'where refused rows go, as CSV (default: FILE.rejects.csv in this folder)')
    .option('--json', 'print the result as JSON')
    .action(async (files: string[], flags: Flags) => {
      // Young objects fill all the room that they are given: 313 MB at the peak of a file of 535 MB, and less than 200 so.
      setFlagsFromString('--semi-space-growth-factor=1')
      const summaries = await withApp(async app => {
        const done: ImportSummary[] = []
        for (const path of files) {
          const bar = progressBar(basename(path))
          const stop = new AbortController()
          const interrupt = () => stop.abort()
          process.once('SIGINT', interrupt)
          process.once('SIGTERM', interrupt)
          try {
            const summary = await importFile(
              app.db,
              { path, source: flags.source },
              {
                now: app.clock.now(),
                dryRun: flags.dryRun ?? false,
                rejectsPath: rejectsPathOf(path, files, flags),
                actor: userInfo().username,
                signal: stop.signal,
                onProgress: bar.show,
              },
            )
            done.push(summary)
          } finally {
            bar.stop()
            process.off('SIGINT', interrupt)
            process.off('SIGTERM', interrupt)
          }
          if (!flags.json) process.stdout.write(describe(done.at(-1)!, rejectsPathOf(path, files, flags)))
        }
        await enqueueConsequences(app.db.unscoped, done)
        return done
      })
      if (flags.json) process.stdout.write(`${JSON.stringify(summaries, null, 2)}\n`)
      if (summaries.some(summary => summary.rows.rejected > 0)) process.exitCode = rejectedCode
    })
}

/** Several files do not share one reject file. */
function rejectsPathOf(path: string, files: readonly string[], { rejects }: Flags): string {
  if (rejects === undefined) return `${basename(path)}.rejects.csv`
  return files.length === 1 ? rejects : `${rejects}.${basename(path)}.csv`
}

function describe(summary: ImportSummary, rejectsPath: string): string {
  const { rows, profiles } = summary
  const lines = [
    `${summary.file}: ${rows.read} rows in ${summary.duration.toFixed(1)} s${summary.dryRun ? ' (dry run, nothing was changed)' : ''}`,
    `  records   ${rows.inserted} new, ${rows.updated} changed, ${rows.unchanged} unchanged, ${rows.rejected} rejected`,
    `  profiles  ${profiles.inserted} new, ${profiles.updated} changed`,
    ...(summary.ended > 0 ? [`  ended     ${summary.ended} registrations that the file no longer has`] : []),
    ...summary.warnings.map(warning => `  warning   ${warning}`),
  ]
  if (rows.rejected > 0) {
    lines.push(`  rejected rows are in ${rejectsPath}; the first:`)
    for (const { line, column, reason } of summary.rejects.slice(0, 5))
      lines.push(`    line ${line}${column && `, ${column}`}: ${reason}`)
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
      format: `${name} {bar} {percentage}% | {rows} rows, {rate} rows/s | {phase} | {left} left`,
    },
    cliProgress.Presets.shades_classic,
  )
  const started = performance.now()
  let isShown = false
  return {
    show({ bytesRead, bytes, rows, phase }: ImportProgress) {
      const seconds = (performance.now() - started) / 1000
      const payload = {
        rows,
        rate: Math.round(rows / Math.max(seconds, 0.001)),
        phase,
        left:
          phase === 'reading' && bytesRead > 0 ? `${Math.ceil((seconds / bytesRead) * (bytes - bytesRead))} s` : '…',
      }
      if (!isShown) bar.start(bytes, bytesRead, payload)
      else bar.update(bytesRead, payload)
      isShown = true
    },
    stop() {
      if (isShown) bar.stop()
    },
  }
}
