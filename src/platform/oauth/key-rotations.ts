import type { Command } from 'commander'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import type { Scope } from '#platform/database'
import type { Job } from '#platform/jobs'
import type { CommandContext } from '#platform/module.ts'
import { registerClientCommands } from './client-commands.ts'
import { areKeysDue, forgetKeySet, rotateKeys } from './signing-keys.ts'

const system: Scope = { system: true }

/** Keys that have signed for three months get successors. */
export const rotateDueKeys: Job = {
  name: 'oauth.rotate-keys',
  description: 'Replaces the keys that sign ID tokens when they have signed for 90 days',
  cron: '29 4 * * *',
  async run(_data, app) {
    if (await areKeysDue(app.db.scoped(system))) await rotate(app, false)
  },
}

async function rotate(app: App, atOnce: boolean): Promise<{ signsFrom: Date }> {
  const rotated = await app.db.transaction(system, async tx => {
    const { signsFrom } = await rotateKeys(tx, app.keyring, { atOnce })
    await recordEvent(tx, { action: 'oauth_keys_rotated', details: { atOnce, signsFrom } })
    return { signsFrom }
  })
  forgetKeySet(app)
  return rotated
}

/** `commonhold oauth …`, for operators. */
export function registerOAuthCommands(parent: Command, context: CommandContext): void {
  const { withApp } = context
  parent.description('The OAuth issuers of the workspaces, and their applications')
  registerClientCommands(parent, context)
  parent
    .command('rotate-keys')
    .description('Replace the keys that sign ID tokens: new ones are published now and sign after a day')
    .option(
      '--at-once',
      'the new keys sign now, and what the old ones signed is refused: for keys that somebody else may have',
    )
    .option('--json', 'print the result as JSON')
    .action(async (flags: { atOnce?: boolean; json?: boolean }) => {
      const { signsFrom } = await withApp(app => rotate(app, flags.atOnce ?? false))
      const text = flags.atOnce
        ? 'New keys sign from now on. Running servers take them within a minute.\n'
        : `New keys are published and sign from ${signsFrom.toISOString()} on.\n`
      process.stdout.write(flags.json ? `${JSON.stringify({ signsFrom })}\n` : text)
    })
}
