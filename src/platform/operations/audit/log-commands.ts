import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { App } from '#platform/app.ts'
import { type ExportFormat, exportAuditLogs, exportFormats, type PastRow, rowAsOf } from '#platform/audit'
import type { CommandContext } from '#platform/module.ts'

type AsOf = { at: string; tenant: string; json?: boolean }
type Exporting = {
  tenant: string
  from?: string
  to?: string
  q?: string
  format: ExportFormat
  output: string
  json?: boolean
}

/** `commonhold audit as-of|export`: what reads the log of one tenant. `findTenant` gives the id of a slug. */
export function registerLogCommands(
  parent: Command,
  { withApp }: CommandContext,
  findTenant: (app: App, slug: string) => Promise<string>,
): void {
  parent
    .command('as-of <table> <id>')
    .description('Show a row as it was at a moment, rebuilt from the log')
    .requiredOption('--at <time>', 'the moment, such as 2026-11-22T09:30:00Z', readTime)
    .requiredOption('--tenant <slug>', 'whose log is read; `platform` for what belongs to none')
    .option('--json', 'print it as JSON')
    .action(async (table: string, id: string, { at, tenant, json }: AsOf) => {
      const row = await withApp(async app => rowAsOf(await placesOf(app, await findTenant(app, tenant)), table, id, at))
      process.stdout.write(json ? `${JSON.stringify(row, null, 2)}\n` : linesOf(row))
    })

  parent
    .command('export')
    .description('Write the entries of a tenant to a file, newest first; that is an entry of its log too')
    .requiredOption('--tenant <slug>', 'whose entries; `platform` for those of no tenant')
    .option('--from <time>', 'entries since then, such as 2026-11-01T00:00:00Z', readTime)
    .option('--to <time>', 'entries before then', readTime)
    .option('--q <text>', 'entries with this text; of 90 days unless --from says more')
    .addOption(new Option('--format <format>', 'how the file is written').choices([...exportFormats]).default('csv'))
    .requiredOption('-o, --output <file>', 'where it goes; - is the standard output')
    .option('--json', 'print what was written as JSON, on the standard output unless the file goes there')
    .action(async ({ tenant, format, output, json, ...filters }: Exporting) => {
      const { from, to, q } = filters
      const asked = { ...(from && { from }), ...(to && { to }), ...(q && { q }) }
      let entries = 0
      let bytes = 0
      await withApp(async app => {
        const tenantId = await findTenant(app, tenant)
        const places = await placesOf(app, tenantId)
        async function* counted() {
          for await (const piece of exportAuditLogs(app.db.scoped({ tenantId }), places, asked, format)) {
            entries += piece.entries
            bytes += piece.bytes.length
            yield piece.bytes
          }
        }
        await save(output, counted())
      })
      const written = json ? JSON.stringify({ file: output, format, entries, bytes }) : `${output}: ${entries} entries`
      const stream = output === '-' ? process.stderr : process.stdout
      stream.write(`${written}\n`)
    })
}

/** Of a tenant with a database of its own the newer entries are there. */
async function placesOf(app: App, tenantId: string) {
  const isElsewhere = (await app.placed?.placeOf({ tenantId })) !== undefined
  return [app.db.scoped({ tenantId }), ...(isElsewhere && app.placed ? [app.placed.scoped({ tenantId })] : [])]
}

function readTime(text: string): string {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(time)) throw new InvalidArgumentError('It is a time such as 2026-11-22T09:30:00Z.')
  // Without a time of day it is midnight UTC, and not that of the database.
  return text.includes('T') ? text : `${text}T00:00:00Z`
}

/** Beside the place where it belongs until it is whole, so that nobody takes half a file for the whole. */
async function save(output: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  if (output === '-') return await pipeline(pieces, process.stdout, { end: false })
  const part = `${output}.part`
  try {
    await pipeline(pieces, createWriteStream(part, { mode: 0o600 }))
    await rename(part, output)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

function linesOf(row: PastRow): string {
  const { lastChange, values } = row
  const width = Math.max(0, ...Object.keys(values ?? {}).map(column => column.length))
  const lines = [
    row.exists
      ? `${row.resource} ${row.resourceId} at ${row.at}:`
      : `${row.resource} ${row.resourceId} was not there at ${row.at}.`,
    ...Object.entries(values ?? {}).map(([column, value]) => `  ${column.padEnd(width)}  ${value ?? '(null)'}`),
    lastChange
      ? `Last ${lastChange.action} before: ${lastChange.createdAt.toISOString()} by ${lastChange.userName ?? lastChange.userId ?? 'the system'}, entry ${lastChange.id}.`
      : 'The log has no change of it before then.',
    ...(row.notLogged.length > 0 ? [`Not logged: ${row.notLogged.join(', ')}.`] : []),
    ...(row.isComplete
      ? []
      : ['The log does not tell everything of this row: columns may be missing or of another moment.']),
  ]
  return `${lines.join('\n')}\n`
}
