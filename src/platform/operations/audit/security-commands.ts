import { type Command, Option } from 'commander'
import type { App } from '#platform/app.ts'
import { type ExportFormat, exportFormats, exportSecurityEvents, type SecurityFilters } from '#platform/audit'
import { type CommandContext, securityCategories, securitySeverities } from '#platform/module.ts'
import { printable } from '#platform/terminal.ts'
import { findPerson, readLimit, readTime, saveWhole } from './log-arguments.ts'
import { listNamed, type NamedSecurityEvent, securityColumns } from './security-routes.ts'

type Listing = Omit<SecurityFilters, 'userId'> & {
  tenant?: string
  user?: string
  limit: number
  cursor?: string
  format: ExportFormat
  output?: string
  json?: boolean
}

/** `commonhold audit security-events`, for operators. `findTenant` gives the id of a slug. */
export function registerSecurityCommand(
  parent: Command,
  { withApp }: CommandContext,
  findTenant: (app: App, slug: string) => Promise<string>,
): void {
  parent
    .command('security-events')
    .description(
      'List what tells of security in all workspaces, newest first, or write it to a file, which is an event itself',
    )
    .option('--tenant <slug>', 'of one workspace; `platform` for what belongs to none, as failed sign-ins')
    .addOption(new Option('--severity <severity>', 'this one and what is graver').choices(securitySeverities))
    .addOption(new Option('--category <category>', 'what it is about').choices(securityCategories))
    .option('--event <name>', 'such as sign_in_failed')
    .option('--user <email>', 'events of this person, by address or id')
    .option('--from <time>', 'events since then, such as 2026-11-01T00:00:00Z', readTime)
    .option('--to <time>', 'events before then', readTime)
    .option('--q <text>', 'events with this text; of 90 days unless --from says more')
    .option('--limit <count>', 'how many of a list at most, up to 1000', readLimit, 50)
    .option('--cursor <text>', 'go on where the list before ended')
    .option('-o, --output <file>', 'write all that fit there instead; - is the standard output')
    .addOption(new Option('--format <format>', 'how the file is written').choices(exportFormats).default('csv'))
    .option('--json', 'print them, or what was written, as JSON')
    .action(async ({ tenant, user, limit, cursor, format, output, json, ...filters }: Listing) => {
      if (output !== undefined) {
        const entries = await withApp(async app => save(app, output, format, await filtersOf(app)))
        const written = json ? JSON.stringify({ file: output, format, entries }) : `${output}: ${entries} events`
        const stream = output === '-' ? process.stderr : process.stdout
        stream.write(`${written}\n`)
        return
      }
      const page = await withApp(async app => listNamed(app, {}, await filtersOf(app), { limit, cursor }))
      process.stdout.write(json ? `${JSON.stringify(page, null, 2)}\n` : page.items.map(describeEvent).join(''))
      if (json) return
      if (page.items.length === 0) process.stderr.write('No event fits.\n')
      if (page.nextCursor) process.stderr.write(`There are more: --cursor ${page.nextCursor}\n`)

      async function filtersOf(app: App) {
        const tenantId = tenant === undefined ? undefined : await findTenant(app, tenant)
        const userId = user === undefined ? undefined : await findPerson(app, user)
        return { ...filters, ...(tenantId && { tenantId }), ...(userId && { userId }) }
      }
    })
}

async function save(
  app: App,
  output: string,
  format: ExportFormat,
  asked: SecurityFilters & { tenantId?: string },
): Promise<number> {
  const { tenantId, ...filters } = asked
  let entries = 0
  const read = async (page: { limit: number; cursor: string | undefined }) => {
    const found = await listNamed(app, {}, asked, page)
    entries += found.items.length
    return found
  }
  const source = { columns: securityColumns, read }
  async function* pieces() {
    const tx = app.db.scoped({ ...(tenantId && { tenantId }), system: true })
    for await (const { bytes } of exportSecurityEvents(tx, source, filters, format)) yield bytes
  }
  await saveWhole(output, pieces(), () => entries)
  return entries
}

function describeEvent({ createdAt, severity, event, occurrences, ...it }: NamedSecurityEvent): string {
  const facts = [
    createdAt.toISOString(),
    severity,
    occurrences > 1 ? `${event} ${occurrences}×` : event,
    it.tenantName ?? it.tenantId ?? 'no workspace',
    it.userName ?? it.userId ?? 'nobody',
    it.ipAddress,
  ]
  const details = Object.entries(it.details ?? {}).map(
    ([name, value]) => `    ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const lines = [
    facts.filter(fact => fact !== null).join('  '),
    ...(it.description ? [`    ${it.description}`] : []),
    ...details,
  ]
  return lines.map(line => `${printable(line)}\n`).join('')
}
