import { type Command, Option } from 'commander'
import type { App } from '#platform/app.ts'
import {
  type AuditFilters,
  type AuditLog,
  type ExportFormat,
  exportAuditLogs,
  exportFormats,
  listAuditLogs,
  type PastRow,
  rowAsOf,
} from '#platform/audit'
import type { CommandContext } from '#platform/module.ts'
import { printable } from '#platform/terminal.ts'
import { findPerson, readLimit, readTime, saveWhole } from './log-arguments.ts'

type AsOf = { at: string; tenant: string; json?: boolean }
type Filtering = Omit<AuditFilters, 'userId'> & { tenant: string; user?: string; json?: boolean }
type Listing = Filtering & { limit: number; cursor?: string }
type Exporting = Filtering & { format: ExportFormat; output: string }

/** `commonhold audit list|as-of|export`: what reads the log of one tenant. `findTenant` gives the id of a slug. */
export function registerLogCommands(
  parent: Command,
  { withApp }: CommandContext,
  findTenant: (app: App, slug: string) => Promise<string>,
): void {
  filtered(parent.command('list'))
    .description(
      'Look through the log of a tenant, newest first, with what changed; of one row by --resource and --resource-id',
    )
    .option('--limit <count>', 'how many entries at most, up to 1000', readLimit, 50)
    .option('--cursor <text>', 'go on where the list before ended')
    .option('--json', 'print them as JSON')
    .action(async ({ limit, cursor, json, ...asked }: Listing) => {
      const page = await withApp(async app => {
        const { tenantId, filters } = await filtersOf(app, asked)
        return await listAuditLogs(await placesOf(app, tenantId), filters, { limit, ...(cursor && { cursor }) })
      })
      process.stdout.write(json ? `${JSON.stringify(page, null, 2)}\n` : page.items.map(describeEntry).join(''))
      if (json) return
      if (page.items.length === 0 && !page.capped) process.stderr.write('No entry fits.\n')
      if (page.nextCursor) process.stderr.write(`There are more: --cursor ${page.nextCursor}\n`)
    })

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

  filtered(parent.command('export'))
    .description('Write the entries of a tenant to a file, newest first; that is an entry of its log too')
    .addOption(new Option('--format <format>', 'how the file is written').choices([...exportFormats]).default('csv'))
    .requiredOption('-o, --output <file>', 'where it goes; - is the standard output')
    .option('--json', 'print what was written as JSON, on the standard output unless the file goes there')
    .action(async ({ format, output, json, ...asked }: Exporting) => {
      let entries = 0
      let bytes = 0
      await withApp(async app => {
        const { tenantId, filters } = await filtersOf(app, asked)
        const places = await placesOf(app, tenantId)
        async function* counted() {
          for await (const piece of exportAuditLogs(app.db.scoped({ tenantId }), places, filters, format)) {
            entries += piece.entries
            bytes += piece.bytes.length
            yield piece.bytes
          }
        }
        await saveWhole(output, counted(), () => entries)
      })
      const written = json ? JSON.stringify({ file: output, format, entries, bytes }) : `${output}: ${entries} entries`
      const stream = output === '-' ? process.stderr : process.stdout
      stream.write(`${written}\n`)
    })

  async function filtersOf(app: App, { tenant, user, ...filters }: Filtering) {
    const tenantId = await findTenant(app, tenant)
    const userId = user && (await findPerson(app, user))
    return { tenantId, filters: { ...filters, ...(userId && { userId }) } }
  }
}

/** With what entries can be searched for; an entry must fit all that is given. */
const filtered = (command: Command): Command =>
  command
    .requiredOption('--tenant <slug>', 'whose entries; `platform` for those of no tenant')
    .option('--user <email>', 'entries of what this person did, by address or id')
    .option('--action <name>', 'insert, update, delete, or the name of an event')
    .option('--resource <table>', 'entries of this table, such as contractors.contractor_lists')
    .option('--resource-id <id>', 'entries of this row')
    .option('--from <time>', 'entries since then, such as 2026-11-01T00:00:00Z', readTime)
    .option('--to <time>', 'entries before then', readTime)
    .option('--q <text>', 'entries with this text; of 90 days unless --from says more')

/** Of a tenant with a database of its own the newer entries are there. */
async function placesOf(app: App, tenantId: string) {
  const isElsewhere = (await app.placed?.placeOf({ tenantId })) !== undefined
  return [app.db.scoped({ tenantId }), ...(isElsewhere && app.placed ? [app.placed.scoped({ tenantId })] : [])]
}

/** What was done in a line, and under it what changed: old → new. */
function describeEntry({ createdAt, userName, userId, action, resource, resourceId, ...entry }: AuditLog): string {
  const who = userName ?? (entry.erased.includes('person') ? `erased person ${userId}` : (userId ?? 'the system'))
  const sides = Object.entries(entry.changes ?? {}).map(([column, change]) => {
    const [old, now] = [change.old ?? null, change.new ?? null].map(textOf)
    return `${column}: ${action === 'insert' ? now : action === 'delete' ? old : `${old} → ${now}`}`
  })
  // Of a change the details are context columns, which may be among those that changed.
  const told = Object.entries(entry.details ?? {})
    .filter(([name]) => !entry.changes?.[name])
    .map(([name, value]) => `${name}: ${textOf(value)}`)
  const first = [createdAt.toISOString(), who, action, resource, resourceId].filter(part => part !== null).join('  ')
  return [first, ...[...sides, ...told].map(line => `    ${line}`)].map(line => `${printable(line)}\n`).join('')
}

const textOf = (value: unknown): string =>
  value === null ? '(null)' : typeof value === 'string' ? value : JSON.stringify(value)

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
  return lines.map(line => `${printable(line)}\n`).join('')
}
