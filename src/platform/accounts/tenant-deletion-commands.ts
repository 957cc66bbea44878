import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import type { CommandContext } from '#platform/module.ts'
import { findTenantBySlug, getCertificate, nameHashOf, verifyCertificate } from '#platform/tenancy'
import { errors } from './errors.ts'
import { cancelTenantDeletion, requestTenantDeletion } from './tenant-deletions.ts'

type Deleting = { after?: string; cancel?: boolean; reason?: string; json?: boolean }
type Showing = { name?: string; thumbprint?: string; json?: boolean }

/** `commonhold tenants delete …` and `certificate …`, for operators (MT-11). */
export function registerDeletionCommands(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('delete <slug>')
    .description('Let a tenant wait for its deletion, or no longer; its owners get a mail')
    .option('--after <days>', 'how long it waits, 0 to 365; else as many days as are set for it')
    .option('--reason <text>', 'why, for its owners and the log', 'Requested at the command line')
    .option('--cancel', 'cancel a deletion that has not begun')
    .option('--json', 'print the result as JSON')
    .action(async (slug: string, { after, cancel = false, reason = '', json }: Deleting) => {
      const days = after === undefined ? undefined : daysOf(after)
      const scheduledAt = await withApp(async app => {
        const tenantId = await findTenant(app, slug)
        if (cancel) return void (await cancelTenantDeletion(app, {}, { tenantId, byOperator: true }))
        const wish = { tenantId, reason, byOperator: true as const, ...(days !== undefined && { afterDays: days }) }
        return (await requestTenantDeletion(app, { userName: 'An operator' }, wish)).scheduledAt
      })
      const words = scheduledAt
        ? `${slug} is closed. Its removal begins at ${scheduledAt.toISOString()}.`
        : `The deletion of ${slug} is cancelled.`
      process.stdout.write(`${json ? JSON.stringify({ slug, scheduledAt: scheduledAt ?? null }) : words}\n`)
    })

  const certificate = parent
    .command('certificate [id]')
    .description('Print the signed certificate of a deleted tenant, by the id that it had')
    .option('--json', 'print what it says, as JSON, beside it')
    .action(async (id: string | undefined, { json }: Showing) => {
      if (id === undefined) return certificate.help()
      const kept = await withApp(app => getCertificate(app.db.scoped({ system: true }), id))
      process.stdout.write(`${json ? JSON.stringify(kept, null, 2) : kept.signed}\n`)
    })
  certificate
    .command('verify <file>')
    .description('Check a certificate against the key in it; needs no database')
    .option('--name <name>', 'the name that the tenant had: check that the certificate is about it')
    .option('--thumbprint <text>', 'the key that it must be signed with')
    .option('--json', 'print what it says as JSON')
    .action((file: string, { name, thumbprint, json }: Showing) => {
      const verified = verifyCertificate(signedIn(readFileSync(file, 'utf8')))
      const { document } = verified
      if (thumbprint !== undefined && thumbprint !== verified.thumbprint) {
        throw errors.certificateForeign({ thumbprint: verified.thumbprint })
      }
      if (name !== undefined && nameHashOf(document.tenantId, name) !== document.nameHash) {
        throw errors.certificateOfAnother({ name })
      }
      if (json) return void process.stdout.write(`${JSON.stringify(verified, null, 2)}\n`)
      const rows = Object.entries(document.removed)
      const lines = [
        `Certificate no. ${document.number} of ${document.issuer} is genuine.`,
        `Tenant ${document.tenantId}: requested ${document.requestedAt}, removed ${document.begunAt} to ${document.finishedAt}.`,
        `Signed with the key ${verified.thumbprint}.`,
        ...rows.map(([table, count]) => `  ${table.padEnd(48)}${String(count).padStart(12)}`),
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })
}

async function findTenant(app: App, slug: string): Promise<string> {
  const tenant = await findTenantBySlug(app.db.scoped({ system: true }), slug)
  if (!tenant) throw errors.tenantUnknown({ slug })
  return tenant.id
}

function daysOf(text: string): number {
  const days = Number(text)
  if (!/^\d{1,3}$/.test(text) || days > 365) throw errors.daysMalformed({ text })
  return days
}

/** The certificate by itself, or what `--json` and the API print. */
function signedIn(text: string): string {
  if (!text.trimStart().startsWith('{')) return text
  try {
    return String((JSON.parse(text) as { signed?: unknown }).signed)
  } catch {
    return text
  }
}
