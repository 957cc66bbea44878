import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { bytesInWords } from '../doctor/findings.ts'
import { listLastRuns, type MaintenanceRun, runMaintenance } from './runs.ts'
import { tasks } from './tasks.ts'

type Flags = { json?: boolean }

/** `commonhold maintenance …`: a run that failed ends with 6, one that was skipped with 3. */
export function registerMaintenanceCommands(parent: Command, { withApp }: CommandContext): void {
  parent.description('VACUUM, ANALYZE and REINDEX, as they are done by the clock')
  parent
    .command('list')
    .description('List the tasks and how each went the last time')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: Flags) => {
      const runs = await withApp(app => listLastRuns(app.db.scoped({ system: true })))
      const known = tasks.map(({ name, title, every }) => ({ name, title, every }))
      if (json) process.stdout.write(`${JSON.stringify({ tasks: known, runs }, null, 2)}\n`)
      else {
        const never = known.filter(({ name }) => !runs.some(({ task }) => task === name))
        process.stdout.write(
          [...runs.map(describe), ...never.map(({ name, every }) => `${name}: each ${every}, never done yet\n`)].join(
            '',
          ),
        )
      }
    })
  parent
    .command('run <task>')
    .description(`Do one now: ${tasks.map(({ name }) => name).join(', ')}`)
    .option('--unless-busy', 'leave it while the database has much to do, as the clock does')
    .option('--json', 'print what was done as JSON')
    .action(async (task: string, { json, unlessBusy }: Flags & { unlessBusy?: boolean }) => {
      const runs = await withApp(app =>
        runMaintenance(app, task, {
          requestedBy: `${userInfo().username} at the command line`,
          evenIfBusy: unlessBusy !== true,
          progress: line => void process.stderr.write(`${line}\n`),
        }),
      )
      process.stdout.write(json ? `${JSON.stringify(runs, null, 2)}\n` : runs.map(describe).join(''))
      if (runs.some(({ status }) => status === 'failed')) process.exitCode = 6
      else if (runs.some(({ status }) => status === 'skipped')) process.exitCode = 3
    })
}

function describe({
  task,
  databaseName,
  status,
  startedAt,
  endedAt,
  reason,
  bytesBefore,
  bytesAfter,
  steps,
}: MaintenanceRun): string {
  const seconds = endedAt ? ` in ${((endedAt.getTime() - startedAt.getTime()) / 1000).toFixed(1)} s` : ''
  const freed = bytesBefore !== null && bytesAfter !== null ? bytesBefore - bytesAfter : 0
  // What modules do keeps no steps: it makes something anew as a whole.
  const nothing = bytesBefore === null ? 'made anew' : 'nothing wanted it'
  const effect = [
    steps.length === 0 ? nothing : `${steps.length} done`,
    ...(freed > 0 ? [`${bytesInWords(freed)} freed`] : []),
  ].join(', ')
  const how = status === 'done' ? `${effect}${seconds}` : (reason ?? '')
  return `${task}${databaseName ? ` in ${databaseName}` : ''}: ${status}, ${startedAt.toISOString()}${how ? `, ${how}` : ''}\n`
}
