import { userInfo } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { errors } from '../errors.ts'
import { ueiPattern } from '../uei.ts'
import {
  getMatch,
  listDecisions,
  listMatches,
  type MatchDecision,
  type MatchFilter,
  type MatchSummary,
  mentionStatuses,
} from './match-queue.ts'
import { type Progress, type Resolved, resolveMentions } from './resolutions.ts'
import {
  acceptAbove,
  acceptMention,
  mergeContractors,
  type Reviewer,
  rejectMention,
  releaseContractor,
  splitContractor,
  undoBatch,
  undoDecision,
} from './reviews.ts'

type Output = { json?: boolean }

/** `commonhold contractors matches …`, `merge` and `split`: what reviewers decide, at the command line. */
export function registerMatchCommands(parent: Command, context: CommandContext): void {
  const matches = parent
    .command('matches')
    .description('Which contractors the vendors’ texts of sources without identifiers mean')
  registerReading(matches, context)
  registerDeciding(matches, context)
  parent
    .command('merge <survivor> <absorbed>')
    .description('Merge a contractor (UEI or id) into another that is the same firm; `matches undo` takes it back')
    .requiredOption('--reason <text>', 'why, for who reads it later')
    .option('--json', 'print the result as JSON')
    .action(async (survivor: string, absorbed: string, flags: Output & { reason: string }) => {
      const decided = await context.withApp(async app => {
        const [survivorId, absorbedId] = [await idOf(app, survivor), await idOf(app, absorbed)]
        return await mergeContractors(
          app.db,
          scopeOf(),
          { survivorId, absorbedId, reason: flags.reason },
          reviewer(app),
        )
      })
      print(flags, decided, `Merged. Undo it by: contractors matches undo ${decided.id} --reason …\n`)
    })
  parent
    .command('split <contractor>')
    .description('Take vendors’ texts, or a contractor that was merged into it, out of a contractor (UEI or id)')
    .addOption(new Option('--mention <id...>', 'texts, which become a contractor without UEI').conflicts('absorbed'))
    .option('--absorbed <contractor>', 'the merged one, by UEI or id')
    .requiredOption('--reason <text>', 'why, for who reads it later')
    .option('--json', 'print the result as JSON')
    .action(async (contractor: string, flags: Output & { mention?: string[]; absorbed?: string; reason: string }) => {
      const { mention: mentionIds, absorbed, reason } = flags
      if (!mentionIds && !absorbed) parent.error('Name what to take out: --mention or --absorbed', { exitCode: 2 })
      const decided = await context.withApp(async app => {
        const id = await idOf(app, contractor)
        return absorbed
          ? await releaseContractor(
              app.db,
              scopeOf(),
              id,
              { absorbedId: await idOf(app, absorbed), reason },
              reviewer(app),
            )
          : await splitContractor(app.db, scopeOf(), id, { mentionIds: mentionIds ?? [], reason }, reviewer(app))
      })
      print(flags, decided, `Split off: ${decided.profileId}\n`)
    })
}

function registerReading(matches: Command, { withApp }: CommandContext): void {
  matches
    .command('list')
    .description('List vendors’ texts, the dearest first')
    .addOption(new Option('--status <status>', 'of what state').choices(mentionStatuses).default('review'))
    .option('--source <name>', 'of one source')
    .option('--min-score <score>', 'from this score on, 0 to 1', scoreOf)
    .option('--max-score <score>', 'up to this score, 0 to 1', scoreOf)
    .option('--words <text>', 'words of the text')
    .option('--limit <n>', 'so many', Number, 25)
    .option('--json', 'print the result as JSON')
    .action(async (flags: Output & MatchFilter & { words?: string; limit: number }) => {
      const { words: q, limit, json: _, ...filter } = flags
      const page = await withApp(app =>
        listMatches(app.db.unscoped, { ...filter, q, limit: Math.min(Math.max(1, Math.trunc(limit) || 1), 1000) }),
      )
      print(flags, page.items, page.items.map(describeMatch).join('') || 'None.\n')
    })
  matches
    .command('show <id>')
    .description('Show a text beside its candidates, with the reasons')
    .option('--json', 'print the result as JSON')
    .action(async (id: string, flags: Output) => {
      const match = await withApp(app => getMatch(app.db.unscoped, id))
      const candidates = match.candidates.map(
        ({ contractor, score, reasons }) =>
          `  ${score.toFixed(2)}  ${contractor.id}  ${contractor.uei ?? '(no UEI)'}  ${contractor.name}\n${reasons
            .map(({ weight, text }) => `        ${weight > 0 ? '+' : ''}${weight.toFixed(1)}  ${text}\n`)
            .join('')}`,
      )
      print(flags, match, describeMatch(match) + candidates.join(''))
    })
  matches
    .command('history')
    .description('List decisions, the latest first')
    .option('--limit <n>', 'so many', Number, 25)
    .option('--json', 'print the result as JSON')
    .action(async (flags: Output & { limit: number }) => {
      const page = await withApp(app =>
        listDecisions(app.db.unscoped, { limit: Math.min(Math.max(1, Math.trunc(flags.limit) || 1), 1000) }),
      )
      print(flags, page.items, page.items.map(describeDecision).join('') || 'None.\n')
    })
}

function registerDeciding(matches: Command, { withApp }: CommandContext): void {
  matches
    .command('resolve')
    .description('Look now at the texts that wait for it; stopped, it goes on where it was')
    .option('--json', 'print the result as JSON')
    .action(async (flags: Output) => {
      const stop = new AbortController()
      const interrupt = () => stop.abort()
      process.once('SIGINT', interrupt)
      try {
        const resolved = await withApp(app =>
          resolveMentions(app.db, { now: () => app.clock.now(), signal: stop.signal, onProgress: showProgress }),
        )
        print(flags, resolved, describeResolved(resolved))
      } finally {
        process.off('SIGINT', interrupt)
      }
    })
  matches
    .command('accept [id]')
    .description('Decide that a text means a contractor; or accept all best candidates from a score on')
    .option('--contractor <contractor>', 'UEI or id; unless told the best candidate')
    .option(
      '--above <score>',
      'instead of an id: every waiting text whose best candidate has at least this score',
      scoreOf,
    )
    .option('--source <name>', 'with --above: of one source')
    .option('--dry-run', 'with --above: tell how many, and change nothing')
    .option('--reason <text>', 'why, for who reads it later')
    .option('--json', 'print the result as JSON')
    .action(async (id: string | undefined, flags: Output & AcceptFlags) => {
      const { contractor, above, source, dryRun, reason } = flags
      if ((id === undefined) === (above === undefined))
        matches.error('Name either the id of a text or --above with a score', { exitCode: 2 })
      await withApp(async app => {
        if (above !== undefined) {
          const bulk = await acceptAbove(app.db, scopeOf(), { minScore: above, source, reason, dryRun }, reviewer(app))
          const undoing = bulk.batchId
            ? ` Undo them by: contractors matches undo ${bulk.batchId} --batch --reason …`
            : ''
          const told = dryRun
            ? `${bulk.accepted} would be accepted.\n`
            : `${bulk.accepted} accepted, ${bulk.left} left.${undoing}\n`
          print(flags, bulk, told)
          return
        }
        const contractorId = contractor ? await idOf(app, contractor) : (await getMatch(app.db.unscoped, id!)).best?.id
        if (contractorId === undefined)
          matches.error('It has no candidate: name one with --contractor', { exitCode: 2 })
        const decided = await acceptMention(
          app.db,
          scopeOf(),
          id!,
          { contractorId: contractorId!, reason },
          reviewer(app),
        )
        print(flags, decided, `Accepted. Undo it by: contractors matches undo ${decided.id} --reason …\n`)
      })
    })
  matches
    .command('reject <id>')
    .description('Decide that a text means none of the known contractors')
    .requiredOption('--reason <text>', 'why, for who reads it later')
    .option('--json', 'print the result as JSON')
    .action(async (id: string, flags: Output & { reason: string }) => {
      const decided = await withApp(app =>
        rejectMention(app.db, scopeOf(), id, { reason: flags.reason }, reviewer(app)),
      )
      print(flags, decided, `Rejected: it is ${decided.profileId} now.\n`)
    })
  matches
    .command('undo <decision>')
    .description('Undo a decision or a merge; with --batch all that were accepted at once')
    .option('--batch', 'the id is that of a bulk acceptance')
    .requiredOption('--reason <text>', 'why, for who reads it later')
    .option('--json', 'print the result as JSON')
    .action(async (id: string, flags: Output & { batch?: boolean; reason: string }) => {
      const { batch, reason } = flags
      const done = await withApp(
        async (app): Promise<object> =>
          batch
            ? await undoBatch(app.db, scopeOf(), id, { reason }, reviewer(app))
            : await undoDecision(app.db, scopeOf(), id, { reason }, reviewer(app)),
      )
      print(flags, done, 'Undone.\n')
    })
}

type AcceptFlags = { contractor?: string; above?: number; source?: string; dryRun?: boolean; reason?: string }

const scopeOf = () => ({ userName: userInfo().username })
const reviewer = (app: App): Reviewer => ({ name: userInfo().username, now: app.clock.now() })

function scoreOf(given: string): number {
  const score = Number(given)
  if (given.trim() === '' || !(score >= 0 && score <= 1)) throw new InvalidArgumentError('A score is from 0 to 1.')
  return score
}

/** A UEI or an id, as people have either at hand. */
async function idOf(app: App, given: string): Promise<string> {
  if (!ueiPattern.test(given.toUpperCase())) return given
  const found = await app.db.unscoped.maybe<{ id: string }>(sql`
    select id
    from contractors.contractor_profiles
    where uei = ${given.toUpperCase()}
  `)
  if (!found) throw errors.contractorNotFound({ id: given })
  return found.id
}

function print({ json }: Output, value: unknown, told: string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : told)
}

function showProgress({ looked, left }: Progress): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${looked} looked at, ${left} left   ${left === 0 ? '\n' : ''}`)
}

const describeResolved = ({ looked, accepted, review, rejected }: Resolved) =>
  `${looked} looked at: ${accepted} accepted, ${review} wait for a reviewer, ${rejected} are vendors of their own\n`

function describeMatch({ id, name, city, state, score, status, best, contractor }: MatchSummary): string {
  const place = [city, state].filter(Boolean).join(', ')
  const means = contractor ?? best
  return `${id}  ${status.padEnd(8)}  ${score === null ? '    ' : score.toFixed(2)}  ${name}${place && ` (${place})`}${
    means ? ` ${contractor ? '=' : '?'} ${means.name}${means.uei ? ` ${means.uei}` : ''}` : ''
  }\n`
}

function describeDecision({
  id,
  kind,
  mentions,
  contractor,
  other,
  reason,
  decidedBy,
  decidedAt,
  undone,
}: MatchDecision) {
  const what = kind === 'merge' ? (other?.name ?? '') : mentions.map(({ name }) => name).join('; ')
  return `${id}  ${decidedAt.toISOString().slice(0, 16).replace('T', ' ')}  ${kind.padEnd(6)}  ${what} → ${contractor.name}  ${decidedBy}: ${reason}${
    undone ? `  [undone by ${undone.by}: ${undone.reason}]` : ''
  }\n`
}
