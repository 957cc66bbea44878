import type { Command } from 'commander'
import { severities } from '#platform/checks.ts'
import type { CommandContext } from '#platform/module.ts'
import { checksOf, examine, type ReportedFinding } from './examinations.ts'

type Flags = { json?: boolean; only?: string }

/** `commonhold doctor`: ends with 3 when something is critical, with 6 when there are warnings, else with 0. */
export function registerDoctorCommand(parent: Command, { withApp }: CommandContext): void {
  parent
    .description(
      'Look at the health of this installation, with advice; ends with 3 when something is critical, with 6 when there are warnings',
    )
    .option('--only <check>', 'one check, or those that begin with it: indexes, policies.per_row')
    .option('--json', 'print the findings as JSON')
    .action(async ({ json, only }: Flags) => {
      const shows = process.stderr.isTTY === true
      const { findings, checks, milliseconds } = await withApp(
        async app => {
          const began = performance.now()
          const findings = await examine(app, {
            only,
            ...(shows && { progress: ({ title }) => void process.stderr.write(`\r\u001b[K${title} …`) }),
          })
          return { findings, checks: checksOf(app).length, milliseconds: Math.round(performance.now() - began) }
        },
        { asItIs: true },
      )
      if (shows) process.stderr.write('\r\u001b[K')
      if (json) process.stdout.write(`${JSON.stringify({ findings, milliseconds }, null, 2)}\n`)
      else process.stdout.write(inWords(findings, only === undefined ? checks : undefined, milliseconds))
      process.exitCode = exitCodeOf(findings)
    })
}

/** 3, as for a refusal: something is critical. 6, as for an import with rejects: there are warnings. */
export function exitCodeOf(findings: readonly Pick<ReportedFinding, 'severity'>[]): number {
  if (findings.some(({ severity }) => severity === 'critical')) return 3
  return findings.some(({ severity }) => severity === 'warning') ? 6 : 0
}

function inWords(findings: readonly ReportedFinding[], checks: number | undefined, milliseconds: number): string {
  const lines = findings.map(
    ({ severity, code, database, message, advice }) =>
      `${severity.padEnd(8)}  ${code}${database === null ? '' : ` in ${database}`}\n          ${message}\n          → ${advice}\n`,
  )
  const counts = severities
    .map(severity => [severity, findings.filter(each => each.severity === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}`)
  const looked = checks === undefined ? '' : `${checks} checks in ${(milliseconds / 1000).toFixed(1)} s: `
  return `${lines.join('')}${looked}${counts.length === 0 ? 'nothing found.' : `${counts.join(', ')}.`}\n`
}
