import cliProgress from 'cli-progress'
import type { Command } from 'commander'
import type { CommandContext } from '#platform/module.ts'
import { clusterMentions } from './clusters.ts'
import { type Match, matchMentions } from './engine.ts'
import { mentionColumns, readMentionFile } from './mention-files.ts'
import type { Mention } from './scoring.ts'

const columns = Object.values(mentionColumns)
  .map(names => names.join('|'))
  .join(', ')

/** `commonhold contractors match` and `cluster`: what the engine makes of any file of vendors; neither changes anything. */
export function registerMentionCommands(parent: Command, { withApp }: CommandContext): void {
  parent
    .command('match')
    .description('Tell which contractors the vendors in a CSV file are, with the reasons; changes nothing')
    .requiredOption('--names <file>', `columns: ${columns}; only the name is needed`)
    .option('--json', 'print the result as JSON')
    .action(async ({ names, json }: { names: string; json?: boolean }) => {
      const mentions = await readMentionFile(names)
      const matches = await withApp(async app => {
        const bar = progressBar(mentions.length)
        const found: Match[] = []
        for (let start = 0; start < mentions.length; start += batch) {
          const part = mentions.slice(start, start + batch)
          found.push(...(await app.db.transaction({}, tx => matchMentions(tx, part))))
          bar.update(found.length)
        }
        bar.stop()
        return found
      })
      if (json) {
        const rows = matches.map((match, place) => ({ name: mentions[place]!.name, ...match }))
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
      } else for (const [place, match] of matches.entries()) process.stdout.write(describe(mentions[place]!, match))
    })
  parent
    .command('cluster <file>')
    .description('Tell which vendors in a CSV file are one, by name, address and CAGE code; needs no database')
    .option('--json', 'print the result as JSON')
    .action(async (file: string, { json }: { json?: boolean }) => {
      const mentions = await readMentionFile(file)
      const clusters = clusterMentions(mentions)
      if (json) {
        process.stdout.write(`${JSON.stringify(clusters, null, 2)}\n`)
        return
      }
      const clusterOf = new Map(clusters.flatMap(({ id, mentionIds }) => mentionIds.map(mention => [mention, id])))
      process.stdout.write(
        ['id,cluster', ...mentions.map(({ id }) => `${quote(id)},${quote(clusterOf.get(id)!)}`), ''].join('\n'),
      )
    })
}

const batch = 500

function describe({ name }: Mention, { candidates, decision, reason }: Match): string {
  const [best] = candidates
  const lines = [`${decision.padEnd(7)}${name}`, `       ${reason}`]
  if (best) {
    lines.push(`       ${best.uei || best.profileId}  ${best.score.toFixed(4)}  ${best.name}`)
    for (const { weight, text } of best.reasons)
      lines.push(`         ${weight > 0 ? '+' : ''}${weight.toFixed(2)}  ${text}`)
  }
  return `${lines.join('\n')}\n`
}

const quote = (value: string) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)

/** A bar on a terminal; elsewhere nothing. */
function progressBar(total: number) {
  const bar = new cliProgress.SingleBar(
    {
      stream: process.stderr,
      noTTYOutput: false,
      clearOnComplete: true,
      format: '{bar} {percentage}% | {value} of {total}',
    },
    cliProgress.Presets.shades_classic,
  )
  bar.start(total, 0)
  return bar
}
