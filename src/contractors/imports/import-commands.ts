import { type Command, Option } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { type Import, importStatuses, listImports } from './import-listing.ts'
import { rules } from './sources/rules.ts'
import type { Source } from './sources/source.ts'
import { allSources, openSource } from './sources.ts'

/** `commonhold contractors imports list` and `contractors sources …`; results on stdout, with `--json` as one JSON value. */
export function registerImportCommands(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('imports')
    .description('Imports that have been')
    .command('list')
    .description('List the imports, the latest first')
    .addOption(new Option('--status <status>', 'those with this status').choices(importStatuses))
    .option('--source <name>', 'those of this source')
    .option('--limit <number>', 'how many', '20')
    .option('--json', 'print them as JSON')
    .action(async (flags: { status?: Import['status']; source?: string; limit: string; json?: boolean }, command) => {
      const limit = Number(flags.limit)
      if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
        command.error('--limit takes a number from 1 to 1000.', { exitCode: 2 })
      const { source, status } = flags
      const { items } = await withApp(app =>
        listImports(app.db.unscoped, { limit, ...(source && { source }), ...(status && { status }) }),
      )
      process.stdout.write(flags.json ? `${JSON.stringify(items, null, 2)}\n` : describeImports(items))
    })
  const sources = parent.command('sources').description('Sources that files of contractors may come from')
  sources
    .command('list', { isDefault: true })
    .description('List the sources, the most trusted first, with those of COMMONHOLD_SOURCES_DIRECTORY')
    .option('--json', 'print them as JSON')
    .action(async (flags: { json?: boolean }) => {
      // The program knows its own folder of sources once it is open.
      const known = await withApp(async () => allSources())
      process.stdout.write(flags.json ? `${JSON.stringify(known.map(asJson), null, 2)}\n` : describeSources(known))
    })
  sources
    .command('check <file>')
    .description('Tell whether a file describes a source, and what is wrong with it')
    .option('--json', 'print the source as JSON')
    .action((file: string, flags: { json?: boolean }) => {
      const source = openSource(file)
      process.stdout.write(
        flags.json
          ? `${JSON.stringify(asJson(source), null, 2)}\n`
          : `${file} is the source ${source.name} (${source.title}).\n`,
      )
    })
  sources
    .command('rules')
    .description('List the cleaning rules that a source’s file may name')
    .option('--json', 'print them as JSON')
    .action((flags: { json?: boolean }) => {
      const listed = Object.entries(rules).map(([name, { description, columns, needs = [], may = [] }]) => ({
        name,
        description,
        columns,
        needs,
        may,
      }))
      process.stdout.write(
        flags.json
          ? `${JSON.stringify(listed, null, 2)}\n`
          : listed.map(({ name, description }) => `${name.padEnd(16)} ${description}\n`).join(''),
      )
    })
}

const asJson = ({ name, aliases = [], title, description = '', format, priority, uei, file, isBuiltIn }: Source) => ({
  name,
  aliases,
  title,
  description,
  format,
  priority,
  identifies: uei ? 'uei' : 'mention',
  file,
  isBuiltIn,
})

const describeSources = (known: readonly Source[]) =>
  known
    .map(({ name, aliases = [], title, priority, file, isBuiltIn }) =>
      [
        `${name.padEnd(16)} ${String(priority).padStart(3)}  ${title}`,
        aliases.length > 0 ? ` (also ${aliases.join(', ')})` : '',
        isBuiltIn ? '' : `, from ${file}`,
        '\n',
      ].join(''),
    )
    .join('')

function describeImports(items: readonly Import[]): string {
  if (items.length === 0)
    return 'No imports yet. Import a file with: commonhold contractors import FILE --source NAME\n'
  return items
    .map(({ startedAt, status, isDryRun, source, fileName, rows, actor, failure }) => {
      const what = `${startedAt.toISOString().slice(0, 16).replace('T', ' ')}  ${status.padEnd(7)} ${source.padEnd(14)} ${fileName}${isDryRun ? ' (dry run)' : ''}`
      const counts = `${rows.read} rows: ${rows.inserted} new, ${rows.updated} changed, ${rows.unchanged} unchanged, ${rows.rejected} rejected`
      return `${what}\n  ${failure ?? counts}${actor ? `; by ${actor}` : ''}\n`
    })
    .join('')
}
