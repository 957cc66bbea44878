import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { errors } from './errors.ts'
import { groupErrors } from './group-errors.ts'
import { syncNow } from './sync-jobs.ts'
import type { SyncRun } from './sync-runs.ts'

/** What the command ends with where the run broke off, and where it failed with some people. */
const exitCodes: Partial<Record<SyncRun['status'], number>> = { failed: 5, partly: 6 }

/** `commonhold federation …`, for operators. */
export function registerFederationCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('Identity providers of the tenants')
  parent
    .command('sync <provider>')
    .description(
      'Bring the roles of all people of an identity provider (its id, or its name where no other has it) in line with their groups; ends with 0 when done, 5 when it broke off, 6 when it failed with some people',
    )
    .option('--json', 'print the run as JSON')
    .action(async (provider: string, { json }: { json?: boolean }) => {
      const run = await withApp(app => syncProvider(app, provider))
      process.stdout.write(json ? `${JSON.stringify(run)}\n` : textOf(run))
      process.exitCode = exitCodes[run.status] ?? 0
    })
}

/** In this process, without a worker. */
export async function syncProvider(app: App, provider: string): Promise<SyncRun> {
  const found = await app.db.scoped({ system: true }).run(sql<{ tenantId: string; id: string }>`
    select tenant_id, id
    from federation.iam_providers
    where id::text = ${provider.toLowerCase()}
      or lower(provider_name) = ${provider.toLowerCase()}`)
  const [only, ...others] = found
  if (!only) throw errors.providerNotFound({ id: provider })
  if (others.length > 0)
    throw groupErrors.providerAmbiguous({ name: provider, ids: found.map(({ id }) => id).join(', ') })
  return await syncNow(app, { tenantId: only.tenantId, system: true }, only.id, 'command')
}

function textOf({ status, people, given, taken, proposed, unknown, failed, error }: SyncRun): string {
  const outcome = {
    running: 'Another worker goes on with it',
    succeeded: 'Done',
    partly: 'Done, but not with everybody',
    failed: error,
  }
  return [
    `${outcome[status]}\n`,
    `people    ${people} (groups unknown: ${unknown}, failed: ${failed})\n`,
    `roles     ${given} given, ${taken} taken, ${proposed} proposed\n`,
  ].join('')
}
