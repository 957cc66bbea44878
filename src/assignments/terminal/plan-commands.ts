import type { Command } from 'commander'
import { type Acting, actAs } from '#platform/access'
import type { App } from '#platform/app.ts'
import type { Reader, Scope } from '#platform/database'
import type { CommandContext } from '#platform/module.ts'
import { emitEvent } from '#platform/webhooks'
import { getDomainByName } from '../domains/domains.ts'
import { type Check, checkRound, checkRun, replayRun } from '../planning/checks.ts'
import { comparePlans } from '../planning/past-plans.ts'
import { publishRound } from '../planning/publications.ts'
import { solveRun } from '../planning/run-jobs.ts'
import { requestRun } from '../planning/run-requests.ts'
import { getRun, listRuns, type RunFields, type SolverRun } from '../planning/runs.ts'
import { createAssignment, getAssignment } from '../rounds/assignments.ts'
import { timezoneOf } from '../timezones.ts'
import { describeCheck, describeComparison, describeRound, describeRun, readPeople } from './descriptions.ts'
import { notSound, withoutPlan } from './exit-codes.ts'

type Flags = Acting & { json?: boolean }
type PlanFlags = Flags & {
  domain?: string
  date?: string
  until?: string
  strategy?: string
  seed?: string
  seconds?: string
  proposal?: boolean
}

const program = 'commonhold assignments'
const read = 'assignments.assignments.read'
const write = 'assignments.assignments.write'

/** `commonhold assignments plan|replan|check|show|publish|compare|replay`: what a member may, done in his name. */
export function registerPlanCommands(parent: Command, { withApp }: CommandContext): void {
  const command = (name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .requiredOption('--tenant <slug>', 'the tenant, which the console calls a workspace: its slug, or its id')
      .requiredOption('--user <email>', 'the member in whose name: his e-mail address, or his id')
      .option('--json', 'print the result as JSON')

  /** Does `work` as the member, prints what it gives, and ends with the code that it says. */
  const run = <Result>(
    flags: Flags,
    permission: string,
    work: (app: App, scope: Scope) => Promise<{ result: Result; text: string; exitCode?: number | undefined }>,
  ) =>
    withApp(async app => {
      const scope = await actAs(app, flags, { permissions: [permission], program })
      const { result, text, exitCode } = await work(app, scope)
      process.stdout.write(flags.json ? `${JSON.stringify(result, null, 2)}\n` : text)
      if (exitCode !== undefined) process.exitCode = exitCode
    })

  const planning = (named: Command) =>
    named
      .option('--strategy <name>', 'how it is planned, instead of the way that the round says')
      .option('--seed <number>', 'instead of the one that the round has')
      .option('--seconds <number>', 'end the search then, with the best plan that was found')
      .option('--proposal', 'keep what is found as a proposal; the round stays as it is')

  planning(command('plan', 'Plan a round, or make one of a domain and plan it'))
    .argument('[round]', 'its id; without it --domain and --date make a new one')
    .option('--domain <name>', 'the domain of a new round')
    .option('--date <day>', 'the first day of a new round, YYYY-MM-DD')
    .option('--until <day>', 'its last day')
    .action(async (id: string | undefined, flags: PlanFlags) => {
      if ((id === undefined) === (flags.domain === undefined))
        parent.error('Name either the id of a round, or --domain and --date for a new one.', { exitCode: 2 })
      const fields = fieldsOf(parent, flags)
      await run(flags, write, async (app, scope) => {
        const round = id ?? (await makeRound(app, scope, flags))
        return await planned(app, scope, round, { ...fields, kind: 'plan' })
      })
    })

  planning(command('replan', 'Plan a round again for who dropped out, with the fewest changes'))
    .argument('<round>', 'its id')
    .action(async (id: string, flags: PlanFlags) => {
      const fields = fieldsOf(parent, flags)
      await run(flags, write, (app, scope) => planned(app, scope, id, { ...fields, kind: 'replan' }))
    })

  command(
    'check',
    'Check a round as it stands, or the answer of a run by its certificate, with what the database holds',
  )
    .argument('<round>', 'its id')
    .option('--run <id>', 'the run; `last` for the latest')
    .action(async (id: string, flags: Flags & { run?: string }) => {
      await run(flags, read, async (app, scope) => {
        const tx = app.db.reads(scope)
        const runId = flags.run === undefined ? undefined : await runOf(tx, id, flags.run)
        const result: Check =
          runId === undefined ? await checkRound(tx, id, await timezoneOf(app, scope)) : await checkRun(tx, id, runId)
        return { result, text: describeCheck(result), exitCode: result.holds ? undefined : notSound }
      })
    })

  command('show', 'Show who is on what in a round, or how far a run of it is')
    .argument('<round>', 'its id')
    .option('--run <id>', 'the run; `last` for the latest')
    .action(async (id: string, flags: Flags & { run?: string }) => {
      const { run: named } = flags
      if (named !== undefined)
        return await run(flags, read, async (app, scope) => {
          const tx = app.db.reads(scope)
          return outcomeOf(await getRun(tx, id, await runOf(tx, id, named)))
        })
      await run(flags, read, async (app, scope) => {
        const tx = app.db.reads(scope)
        const [round, people] = [await getAssignment(tx, id), await readPeople(tx, id)]
        return { result: { ...round, people }, text: describeRound(round, people) }
      })
    })

  command('publish', 'Publish a round: its people are told')
    .argument('<round>', 'its id')
    .option('--anyway', 'though it breaks rules of today')
    .action(async (id: string, flags: Flags & { anyway?: boolean }) => {
      await run(flags, 'assignments.assignments.publish', async (app, scope) => {
        const timeZone = await timezoneOf(app, scope)
        const way = { timeZone, anyway: flags.anyway ?? false, ifMatch: undefined }
        const result = await app.db.transaction(scope, tx => publishRound(app, tx, id, way))
        return { result, text: `${id} is published: ${result.participantCount} people are told\n` }
      })
    })

  command('compare', 'Compare two plans of a round: who moves, what it costs, how even it is')
    .argument('<round>', 'its id')
    .option('--from <number>', 'a revision; as it stands unless told')
    .option('--to <number>', 'a revision; as it stands unless told')
    .option('--run <id>', 'what this run proposes, instead of --to; `last` for the latest')
    .action(async (id: string, flags: Flags & { from?: string; to?: string; run?: string }) => {
      const [from, to] = [wholeOf(parent, '--from', flags.from), wholeOf(parent, '--to', flags.to)]
      await run(flags, read, async (app, scope) => {
        const tx = app.db.reads(scope)
        const asked = {
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
          ...(flags.run !== undefined && { run: await runOf(tx, id, flags.run) }),
        }
        const result = await comparePlans(tx, id, asked, await timezoneOf(app, scope))
        return { result, text: describeComparison(result) }
      })
    })

  command('replay', 'Plan again what a run was given, and say whether the same comes out')
    .argument('<round>', 'its id')
    .option('--run <id>', 'the run; the latest unless told', 'last')
    .action(async (id: string, flags: Flags & { run: string }) => {
      await run(flags, read, async (app, scope) => {
        const tx = app.db.reads(scope)
        const runId = await runOf(tx, id, flags.run)
        const { isSame, reason } = await replayRun(tx, id, runId)
        const text = isSame ? `run ${runId}: the same, byte for byte\n` : `run ${runId}: another plan. ${reason}\n`
        return { result: { runId, isSame, reason }, text, exitCode: isSame ? undefined : notSound }
      })
    })
}

async function planned(app: App, scope: Scope, id: string, fields: RunFields) {
  const asked = await requestRun(app, scope, id, fields)
  // What takes long is done here: nobody need run a server for it. A server that has taken it up goes on with it.
  if (asked.status === 'queued') await solveRun(app, scope, id, asked.id)
  return outcomeOf(await getRun(app.db.scoped(scope), id, asked.id))
}

function outcomeOf(result: SolverRun) {
  const hasPlan = result.planStatus === 'optimal' || result.planStatus === 'feasible'
  return { result, text: describeRun(result), exitCode: hasPlan ? undefined : withoutPlan }
}

async function makeRound(app: App, scope: Scope, { domain, date, until }: PlanFlags): Promise<string> {
  return await app.db.transaction(scope, async tx => {
    const { id: domainId } = await getDomainByName(tx, domain ?? '')
    const fields = {
      ...(date !== undefined && { assignmentDate: date }),
      ...(until !== undefined && { endsOn: until }),
    }
    const { id, name, assignmentDate } = await createAssignment(tx, domainId, fields)
    await emitEvent(app, tx, { type: 'assignments.assignment.created', data: { id, domainId, name, assignmentDate } })
    return id
  })
}

function fieldsOf(parent: Command, { strategy, seed, seconds, proposal, date, until }: PlanFlags): RunFields {
  for (const [flag, day] of [
    ['--date', date],
    ['--until', until],
  ])
    if (day !== undefined && !/^\d{4}-\d\d-\d\d$/.test(day))
      parent.error(`${flag} takes a day, YYYY-MM-DD.`, { exitCode: 2 })
  const [seedNumber, secondsNumber] = [wholeOf(parent, '--seed', seed), wholeOf(parent, '--seconds', seconds)]
  return {
    ...(strategy !== undefined && { strategy }),
    ...(seedNumber !== undefined && { seed: seedNumber }),
    ...(secondsNumber !== undefined && { seconds: secondsNumber }),
    ...(proposal && { accept: false }),
  }
}

function wholeOf(parent: Command, flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32)
    parent.error(`${flag} takes a whole number from 0 to 4294967295.`, { exitCode: 2 })
  return Number(text)
}

async function runOf(tx: Reader, assignmentId: string, named: string): Promise<string> {
  if (named !== 'last') return (await getRun(tx, assignmentId, named)).id
  const [last] = (await listRuns(tx, assignmentId, { limit: 1 })).items
  return (await getRun(tx, assignmentId, last?.id ?? '00000000-0000-0000-0000-000000000000')).id
}
