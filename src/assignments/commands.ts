import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { type Acting, actAs } from '#platform/access'
import { openTextFile, Rejects } from '#platform/files'
import type { CommandContext } from '#platform/module.ts'
import { getDomainByName } from './domains/domains.ts'
import { participantSheet } from './files/participant-sheet.ts'
import { exportSheet, importSheet, type Sheet } from './files/sheets.ts'
import { targetSheet } from './files/target-sheet.ts'
import { registerPlanCommands } from './terminal/plan-commands.ts'
import { registerSolveCommands } from './terminal/solve-commands.ts'

type Flags = Acting & { domain: string; json?: boolean }

/** Ends with 6 when rows were refused: the rest is in. */
const partlyTaken = 6
const program = 'commonhold assignments'

/**
 * `commonhold assignments …`: what a member may, done in his name; the log says by which program. Ends with 3 where he may
 * not, with 4 where there is no such member, workspace, domain or file.
 */
export function registerAssignmentCommands(parent: Command, context: CommandContext): void {
  const { withApp } = context
  parent.description('Who does what, round after round: participants and targets of a domain, and plans of its rounds')
  const command = (name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .requiredOption('--tenant <slug>', 'the tenant, which the console calls a workspace: its slug, or its id')
      .requiredOption('--user <email>', 'the member in whose name: his e-mail address, or his id')
      .requiredOption('--domain <name>', 'the domain, by its name for commands')
      .option('--json', 'print the result as JSON')

  const importer = (sheet: Sheet, permission: string) =>
    command(
      `import-${sheet.name}`,
      `Take ${sheet.name} from a CSV file: each row as a whole or not at all, twice changes nothing`,
    )
      .argument('<file>', 'the file, compressed with gzip or not')
      .option('--dry-run', 'tell what would change and change nothing')
      .option('--rejects <file>', 'where refused rows go, as CSV (default: FILE.rejects.csv in this folder)')
      .action(async (path: string, flags: Flags & { dryRun?: boolean; rejects?: string }) => {
        const rejectsPath = flags.rejects ?? `${basename(path)}.rejects.csv`
        const rejects = new Rejects(rejectsPath)
        const isTrial = flags.dryRun ?? false
        const { rows } = await withApp(async app => {
          const scope = await actAs(app, flags, { permissions: ['assignments.domains.read', permission], program })
          const { pieces } = await openTextFile(path)
          try {
            return await app.db.transaction(scope, async tx => {
              const { id } = await getDomainByName(tx, flags.domain)
              return await importSheet(tx, sheet, id, { source: pieces(), onBad: bad => rejects.add(bad), isTrial })
            })
          } finally {
            await rejects.close()
          }
        })
        const result = { file: path, dryRun: isTrial, rows, ...(rows.rejected > 0 && { rejects: rejectsPath }) }
        process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : describe(result, rejects))
        if (rows.rejected > 0) process.exitCode = partlyTaken
      })

  const exporter = (sheet: Sheet, permission: string) =>
    command(`export-${sheet.name}`, `Write the ${sheet.name} of a domain to a CSV file, as an import takes them`)
      .requiredOption('-o, --output <file>', 'where it goes; - is the standard output')
      .action(async (flags: Flags & { output: string }) => {
        const { output } = flags
        const { text, rows } = await withApp(async app => {
          const scope = await actAs(app, flags, { permissions: ['assignments.domains.read', permission], program })
          return await app.db.transaction(scope, async tx =>
            exportSheet(tx, sheet, (await getDomainByName(tx, flags.domain)).id),
          )
        })
        await save(output, text)
        const made = { file: output, rows, bytes: Buffer.byteLength(text) }
        const to = output === '-' ? process.stderr : process.stdout
        to.write(flags.json ? `${JSON.stringify(made)}\n` : `${output}: ${rows} ${sheet.name}\n`)
      })

  importer(participantSheet, 'assignments.participants.write')
  exporter(participantSheet, 'assignments.participants.read')
  importer(targetSheet, 'assignments.targets.write')
  exporter(targetSheet, 'assignments.targets.read')
  registerPlanCommands(parent, context)
  registerSolveCommands(parent)
}

type Result = { file: string; dryRun: boolean; rows: Record<string, number>; rejects?: string }

function describe({ file, dryRun, rows, rejects: path }: Result, rejects: Rejects): string {
  const lines = [
    `${file}: ${rows.read} rows${dryRun ? ' (dry run, nothing was changed)' : ''}`,
    `  ${rows.inserted} new, ${rows.updated} changed, ${rows.unchanged} unchanged, ${rows.rejected} rejected`,
  ]
  if (path !== undefined) {
    lines.push(`  rejected rows are in ${path}; the first:`)
    for (const { line, column, reason } of rejects.first.slice(0, 5))
      lines.push(`    line ${line}${column && `, ${column}`}: ${reason}`)
  }
  return `${lines.join('\n')}\n`
}

/** The file is there when it is whole. */
async function save(output: string, text: string): Promise<void> {
  if (output === '-') return await pipeline([text], process.stdout, { end: false })
  const part = `${output}.part`
  try {
    await pipeline([text], createWriteStream(part))
    await rename(part, output)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
