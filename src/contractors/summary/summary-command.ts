import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { refreshSummary } from './refreshes.ts'
import { getSummary, type Summary } from './summary.ts'

/** `commonhold contractors summary` and `refresh-summary` */
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
  parent
    .command('summary')
    .description('Tell how many contractors and awards there are, and when they were counted')
    .option('--json', 'print all counts as JSON: by state, industry, agency, size, business type, status and year')
    .action(async (flags: { json?: boolean }) => {
      const summary = await withApp(app => getSummary(app.db.unscoped))
      process.stdout.write(flags.json ? `${JSON.stringify(summary, null, 2)}\n` : describe(summary))
    })
}

function describe({ refresh, totals, states, sectors, agencies }: Summary): string {
  if (!refresh.refreshedAt) return 'Nothing was counted yet. Count with: commonhold contractors refresh-summary\n'
  const first = (label: string, counts: Summary['states']) =>
    `  ${label.padEnd(9)} ${counts
      .slice(0, 5)
      .map(({ key, label, obligated }) => `${label ?? (key || 'none')} $${obligated}`)
      .join('; ')}`
  return [
    `As of ${refresh.refreshedAt.toISOString()}: ${totals.profiles ?? 0} contractors, ${totals.awards} awards, $${totals.obligated} obligated`,
    first('states', states),
    first('sectors', sectors),
    first('agencies', agencies),
    '',
  ].join('\n')
}
