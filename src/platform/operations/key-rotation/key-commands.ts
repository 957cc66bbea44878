import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { type KeyStatus, readKeyStatus } from './key-status.ts'
import { type KeyRotation, rotateKeys } from './rotations.ts'

type Flags = { json?: boolean }

/** `commonhold keys rotate` and `keys status` (GG-17). What could not be done wholly ends with 6. */
export function registerKeyRotationCommands(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('rotate')
    .description(
      'Encrypt all that is encrypted with the newest key, in the databases of tenants too; interrupted, run it again',
    )
    .option('--json', 'print what was done as JSON')
    .action(async ({ json }: Flags) => {
      const stop = new AbortController()
      const interrupt = () => stop.abort()
      process.once('SIGINT', interrupt)
      process.once('SIGTERM', interrupt)
      try {
        const rotation = await withApp(app =>
          rotateKeys(app, {
            requestedBy: `${userInfo().username} at the command line`,
            progress: line => void process.stderr.write(`${line}\n`),
            signal: stop.signal,
          }),
        )
        process.stdout.write(json ? `${JSON.stringify(rotation, null, 2)}\n` : describeRotation(rotation))
        if (rotation.status !== 'done') process.exitCode = 6
      } finally {
        process.off('SIGINT', interrupt)
        process.off('SIGTERM', interrupt)
      }
    })
  parent
    .command('status')
    .description('Show how many values are under which key, and which keys may be removed')
    .option('--search', 'read all tables for encrypted values in columns that no module has declared')
    .option('--json', 'print it as JSON')
    .action(async ({ json, search }: Flags & { search?: boolean }) => {
      const status = await withApp(app => readKeyStatus(app, { search: search === true }))
      process.stdout.write(json ? `${JSON.stringify(status, null, 2)}\n` : describeStatus(status))
      if (status.away.length > 0 || (status.undeclared?.length ?? 0) > 0) process.exitCode = 6
    })
}

function describeRotation({ status, toKey, encryptedAgain, columns, reason }: KeyRotation): string {
  return [
    ...columns.map(({ database, column, again }) => `${database ? `${database}: ` : ''}${column}  ${again}`),
    `${status}: ${encryptedAgain} values are encrypted with ${toKey} now${reason ? `. ${reason}` : ''}`,
    '',
  ].join('\n')
}

function describeStatus({ keys, columns, away, undeclared = [], lastRotation }: KeyStatus): string {
  const lines = keys.map(({ id, isNewest, isConfigured, isRemovable, values, files, archives, reasons }) => {
    const state = isNewest ? 'newest' : !isConfigured ? 'not configured' : isRemovable ? 'may be removed' : 'needed'
    return `${id}: ${state}, ${values} values, ${files} files of backups, ${archives} of archives${isNewest ? '' : reasons.map(it => `\n  ${it}`).join('')}`
  })
  const counts = columns.map(({ database, column, keys }) => {
    const each = Object.entries(keys).map(([id, count]) => `${id === 'none' ? 'not encrypted' : id} ${count}`)
    return `  ${database ? `${database}: ` : ''}${column}  ${each.join(', ')}`
  })
  return [
    ...lines,
    ...counts,
    ...away.map(({ name, error }) => `Not reached: ${name}: ${error}`),
    ...undeclared.map(column => `Not declared by any module: ${column}`),
    lastRotation
      ? `Last rotation: ${lastRotation.status}, to ${lastRotation.toKey}, begun ${lastRotation.startedAt.toISOString()}`
      : 'Never rotated.',
    // No table knows of them: they are in people's inboxes.
    'Links to unsubscribe in mails that were sent before hold as long as the key of then is configured.',
    '',
  ].join('\n')
}
