import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { refreshSummary } from './refreshes.ts'

/** `commonhold contractors refresh-summary` */
export function registerSummaryCommand(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('refresh-summary')
    .description('Count the catalogue anew for the overview; whoever reads it meanwhile sees the old numbers')
    .option('--json', 'print when it was done and how long it took as JSON')
    .action(async (flags: { json?: boolean }) => {
      const state = await withApp(app => refreshSummary(app, userInfo().username))
      if (flags.json) process.stdout.write(`${JSON.stringify(state, null, 2)}\n`)
      else process.stdout.write(`The summary was refreshed in ${state.seconds?.toFixed(1)} s\n`)
    })
}
