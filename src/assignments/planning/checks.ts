import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { nullable } from '#platform/http'
import type { Configuration } from '../domains/configurations.ts'
import { engineVersion } from '../engine/plans.ts'
import type { Plan } from '../engine/problem.ts'
import { errors } from '../errors.ts'
import { getAssignment } from '../rounds/assignments.ts'
import { planRound } from './answers.ts'
import { checkKept } from './kept-checks.ts'
import { HashDiffers, unpackProblem } from './kept-problems.ts'
import { inPoints } from './points.ts'
import { Names, readWords, sayFaults } from './sentences.ts'
import { factsOf, readStanding } from './standings.ts'

const cost = nullable(Type.Number({ description: 'In points' }))

/** What a checker finds that shares no code with what made the plan. */
export const Check = Type.Object({
  holds: Type.Boolean({ description: 'Nothing was found that is said and not so' }),
  findings: Type.Array(Type.String()),
  cost: { ...cost, description: 'In points, as it was added up here' },
  provenBound: { ...cost, description: 'No plan costs less: by the prices alone' },
  claimed: nullable(Type.String({ description: 'What is said beyond that on the word of a solver' })),
})
export type Check = Static<typeof Check>

type Kept = {
  status: string
  strategy: string
  configuration: Configuration
  engineVersion: string | null
  problem: Buffer | null
  problemHash: Buffer | null
  plan: Plan | null
  seconds: number | null
  unit: number
}

async function readKept(tx: Reader, assignmentId: string, runId: string) {
  const run = await tx.maybe<Kept>(sql`
    select
      status, strategy, parameters as configuration, engine_version, problem, problem_hash, plan, seconds, unit
    from assignments.solver_runs
    where assignment_id = ${assignmentId}
      and id = ${runId}
  `)
  if (!run) throw errors.runNotFound({ id: runId })
  const { problem: bytes, problemHash: hash, plan } = run
  if (run.status === 'queued' || run.status === 'running') throw errors.runUnfinished()
  if (!bytes || !hash || !plan) throw errors.runWithoutPlan()
  return { ...run, bytes, hash, plan }
}

/** Of the problem and the answer that the database holds, in time linear in them. */
export async function checkRun(tx: Reader, assignmentId: string, runId: string): Promise<Check> {
  const { unit, ...kept } = await readKept(tx, assignmentId, runId)
  try {
    const { holds, findings, cost, provenBound, claimed } = await checkKept(kept)
    const names = await Names.in(tx, findings)
    return {
      ...{ holds, findings: findings.map(each => names.put(each)), claimed: claimed ?? null },
      ...{ cost: inPoints(cost, unit), provenBound: inPoints(provenBound, unit) },
    }
  } catch (error) {
    if (!(error instanceof HashDiffers)) throw error
    return { holds: false, findings: [error.message], cost: null, provenBound: null, claimed: null }
  }
}

/** Of the round as it stands, by the rules of today. `timeZone` is the tenant's. */
export async function checkRound(tx: Reader, assignmentId: string, timeZone: string): Promise<Check> {
  const { domainId } = await getAssignment(tx, assignmentId)
  const standing = await readStanding(tx, assignmentId, timeZone)
  const said = sayFaults(standing.faults, await readWords(tx, domainId), await Names.in(tx, standing.faults))
  const { cost, lowerBound } = factsOf(standing, standing.pairs)
  return {
    ...{ holds: said.length === 0, findings: said.map(each => each.message), cost },
    ...{ provenBound: lowerBound, claimed: null },
  }
}

/** What comes of a run when it is done again with what it was given; equal byte for byte unless it was cut off by time. */
type Replay = { isSame: boolean; reason: string | null; plan: Plan }

export async function replayRun(tx: Reader, assignmentId: string, runId: string): Promise<Replay> {
  const { bytes, hash, plan: before, ...run } = await readKept(tx, assignmentId, runId)
  const plan = await planRound(await unpackProblem(bytes, hash), run)
  const isSame = bytesOf(plan) === bytesOf(before)
  const reason = isSame
    ? null
    : run.engineVersion !== engineVersion
      ? `It was made by engine ${run.engineVersion}; this is ${engineVersion}.`
      : run.status === 'stopped' || run.seconds !== null
        ? 'It was stopped, or had a limit of time: how far it came is not the same twice.'
        : 'It should have been the same.'
  return { isSame, reason, plan }
}

/** A plan as text, its properties in one order: the database keeps them in its own. */
export function bytesOf(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
}
