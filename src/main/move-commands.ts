import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { errorTable } from '#platform/errors.ts'
import { findTenantBySlug, finishMove, type MoveReport, moveTenant, resumeMove, undoMove } from '#platform/tenancy'
import { mirrorLimits } from '#platform/usage'

const errors = errorTable('moves', {
  tenantUnknown: ['not_found', 'There is no tenant with the slug {slug}.'],
  oneWanted: [
    'invalid',
    'Say one of --to, --finish and --undo; none of them goes on with a move that was interrupted.',
  ],
})

type Flags = { to?: string; finish?: boolean; undo?: boolean; json?: boolean }

export type MoveCommandsOptions = {
  /** Opens the program on its database, with the administrator's way into it. */
  withDatabase<T>(work: (app: App, admin: pg.ClientConfig) => Promise<T>): Promise<T>
}

/** `commonhold tenants move` and `tenants databases` (MT-17). Results on stdout, with `--json` as JSON; progress on stderr. */
export function registerMoveCommands(program: Command, { withDatabase }: MoveCommandsOptions): void {
  const tenants =
    program.commands.find(command => command.name() === 'tenants') ??
    program.command('tenants').description('Commands for tenants')
  const log = (line: string) => void process.stderr.write(`${line}\n`)

  tenants
    .command('move <slug>')
    .description(
      "Move a tenant's application data to another database while it is used; interrupted, the same command goes on",
    )
    .option('--to <url>', 'an administrator’s connection URL, `-` to read it from standard input, or `main`')
    .option('--finish', 'remove the old copy of a move that has switched')
    .option('--undo', 'take the move back; after the switch that is a move back')
    .option('--json', 'print the result as JSON')
    .action(async (slug: string, { to, finish, undo, json }: Flags) => {
      if ([to, finish, undo].filter(Boolean).length > 1) throw errors.oneWanted()
      const stop = new AbortController()
      const interrupt = () => stop.abort()
      process.once('SIGINT', interrupt)
      process.once('SIGTERM', interrupt)
      try {
        const report = await withDatabase(async (app, main) => {
          const tenant = await findTenantBySlug(app.db.scoped({ system: true }), slug)
          if (!tenant) throw errors.tenantUnknown({ slug })
          const { placements } = app
          if (!placements) throw new Error('There are no placements')
          const options = { placements, main, tenantId: tenant.id, log, signal: stop.signal }
          if (finish) return await finishMove(options)
          if (undo) return await undoMove(options)
          if (to === 'main') return await moveTenant(options, null)
          const url = to === '-' ? (await text(process.stdin)).trim() : to
          const moved = await (url === undefined
            ? resumeMove(options)
            : moveTenant(options, (await placements.register(url, log)).id))
          await mirrorLimits(app, tenant.id)
          return moved
        })
        process.stdout.write(json ? `${JSON.stringify({ slug, ...report }, null, 2)}\n` : describe(slug, report))
      } finally {
        process.off('SIGINT', interrupt)
        process.off('SIGTERM', interrupt)
      }
    })

  tenants
    .command('databases')
    .description('List the databases that tenants have beside the main one')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: Flags) => {
      const databases = await withDatabase(async app => (await app.placements?.list()) ?? [])
      const lines = databases.map(
        ({ name, tenants: count, lastError }) => `${name}  ${count} tenants${lastError ? `  ${lastError}` : ''}\n`,
      )
      process.stdout.write(json ? `${JSON.stringify(databases, null, 2)}\n` : lines.join('') || 'None.\n')
    })
}

function describe(slug: string, { state, source, target, pauseMilliseconds, tables }: MoveReport): string {
  const lines = Object.entries(tables).map(
    ([name, { rows, hash }]) => `  ${name}  ${rows} rows${hash ? `  ${hash}` : ''}`,
  )
  const next =
    state === 'switched'
      ? `The old copy in ${source} is kept, read-only: commonhold tenants move ${slug} --finish removes it, --undo moves back.`
      : ''
  return `${[
    `${slug}: ${source} → ${target}, ${state}${pauseMilliseconds === null ? '' : `; writes waited ${pauseMilliseconds} ms`}`,
    ...lines,
    next,
  ]
    .filter(Boolean)
    .join('\n')}\n`
}
