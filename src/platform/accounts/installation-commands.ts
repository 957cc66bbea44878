import { userInfo } from 'node:os'
import { type Command, Option } from 'commander'
import type { App } from '#platform/app.ts'
import type { CommandContext } from '#platform/module.ts'
import { findTenantBySlug, listTenants } from '#platform/tenancy'
import { errors } from './errors.ts'
import { createTenantFor, getTenantDetails, setTenantStatus, type TenantDetails } from './installation-tenants.ts'
import { registerDeletionCommands } from './tenant-deletion-commands.ts'

type Flags = { json?: boolean }
type Listing = Flags & { search?: string; status?: 'active' | 'suspended' | 'pending_deletion'; limit: string }

/** `commonhold tenants …`, for operators: results on stdout, with `--json` as one JSON value. */
export function registerTenantCommands(parent: Command, context: CommandContext): void {
  parent.description('Workspaces: made, suspended, deleted, moved, written into files')
  const { withApp } = context
  parent
    .command('list')
    .description('List tenants, the newest first')
    .option('--search <text>', 'beginnings of words of the name, the slug or the domain')
    .addOption(
      new Option('--status <status>', 'only tenants of this status').choices([
        'active',
        'suspended',
        'pending_deletion',
      ]),
    )
    .option('--limit <count>', 'how many at most', '100')
    .option('--json', 'print them as JSON')
    .action(async ({ search, status, limit: text, json }: Listing) => {
      const limit = Number(text)
      if (!Number.isInteger(limit) || limit < 1) throw errors.limitInvalid({ limit: text })
      const { items, nextCursor } = await withApp(app =>
        app.db.transaction({ system: true }, tx => listTenants(tx, { q: search, status }, { limit })),
      )
      const width = Math.max(0, ...items.map(({ slug }) => slug.length))
      const lines = items.map(each => `${each.status.padEnd(16)} ${each.slug.padEnd(width)}  ${each.name}\n`)
      write(
        json,
        { items, hasMore: nextCursor !== null },
        `${lines.join('')}${items.length} tenants${nextCursor ? ', and more' : ''}\n`,
      )
    })

  parent
    .command('show <slug>')
    .description('Show a tenant')
    .option('--json', 'print it as JSON')
    .action(async (slug: string, { json }: Flags) => {
      const tenant = await withApp(async app => await getTenantDetails(app, await idOf(app, slug)))
      write(json, tenant, describe(tenant))
    })

  parent
    .command('create <name>')
    .description('Create a tenant for somebody who has an account')
    .requiredOption('--owner <email>', 'who owns it; he gets a mail')
    .option('--template <name>', 'what it starts with; the standard unless given')
    .option('--database-url <url>', 'where it has its application data, if not in the main database')
    .option('--json', 'print it as JSON')
    .action(
      async (
        name: string,
        { owner, template, databaseUrl, json }: Flags & { owner: string; template?: string; databaseUrl?: string },
      ) => {
        const tenant = await withApp(app =>
          createTenantFor(app, byHand(), { name, ownerEmail: owner, template, databaseUrl }),
        )
        write(json, tenant, `${tenant.slug} is made, and ${owner} owns it.\n`)
      },
    )

  for (const [command, status, description] of [
    ['suspend', 'suspended', 'Close a tenant for all of its members until it is activated; nothing in it is lost'],
    ['activate', 'active', 'Open a suspended tenant again'],
  ] as const) {
    parent
      .command(`${command} <slug>`)
      .description(description)
      .requiredOption('--reason <text>', 'why, for its owners and the history')
      .option('--json', 'print the tenant as JSON')
      .action(async (slug: string, { reason: text, json }: Flags & { reason: string }) => {
        const reason = text.trim()
        if (reason === '' || reason.length > 500) throw errors.reasonInvalid()
        const tenant = await withApp(async app =>
          setTenantStatus(app, byHand(), { id: await idOf(app, slug), status, reason }),
        )
        write(json, tenant, `${tenant.slug} is ${tenant.status} now.\n`)
      })
  }
  registerDeletionCommands(parent, context)
}

/** Who acts at the command line has no account: the log names him as the system knows him. */
const byHand = () => ({ userName: `${userInfo().username} at the command line` })

async function idOf(app: App, slug: string): Promise<string> {
  const tenant = await findTenantBySlug(app.db.scoped({ system: true }), slug)
  if (!tenant) throw errors.tenantUnknown({ slug })
  return tenant.id
}

function write(asJson: boolean | undefined, result: unknown, inWords: string): void {
  process.stdout.write(asJson ? `${JSON.stringify(result, null, 2)}\n` : inWords)
}

function describe(tenant: TenantDetails): string {
  const rows: [string, string | number | null | undefined][] = [
    ['id', tenant.id],
    ['name', tenant.name],
    ['slug', tenant.slug],
    ['domain', tenant.domain],
    ['status', tenant.status + (tenant.statusReason ? `: ${tenant.statusReason}` : '')],
    ['since', tenant.statusChangedAt?.toISOString()],
    ['deletion', tenant.deletionScheduledAt?.toISOString()],
    ['owners', tenant.owners.map(({ email }) => email).join(', ') || 'none'],
    ['members', tenant.memberCount],
    ['placement', tenant.placement === 'shared' ? 'the common database' : 'a database of its own'],
    ['features', tenant.features.map(({ name, isOn }) => `${name} ${isOn ? 'on' : 'off'}`).join(', ') || null],
    ['created', tenant.createdAt.toISOString()],
  ]
  return rows
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name.padEnd(12)} ${value}\n`)
    .join('')
}
