// The plans that a round had: listed, compared, brought back.
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Queryable, type Reader, type Scope, sql } from '#platform/database'
import { cutPage, type IfMatch, nullable, oneOf, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { authorsOf } from '../authors.ts'
import { movesBetween } from '../engine/changes.ts'
import type { FaultKind } from '../engine/checks.ts'
import { giniOf, sharesOf, standingsOf } from '../engine/fairness.ts'
import type { PinnedPair } from '../engine/problem.ts'
import { errors } from '../errors.ts'
import { getAssignment, requireOpen } from '../rounds/assignments.ts'
import { newFaults } from './moves.ts'
import { tellChange } from './publications.ts'
import type { ReadyRound } from './ready-rounds.ts'
import { actions } from './revisions.ts'
import { getRun } from './runs.ts'
import { Names, readWords, sayFaults } from './sentences.ts'
import { changePlan, costOf, faultsIn, readStanding } from './standings.ts'

const cost = nullable(Type.Number({ description: 'In points' }))
const planStatus = nullable(oneOf(['optimal', 'feasible', 'infeasible']))

export const Revision = Type.Object({
  number: Type.Integer(),
  action: oneOf(actions),
  runId: nullable(uuid),
  showsNumber: nullable(Type.Integer({ description: 'Of an undo and a restoration: what came back, 0 for nobody' })),
  planStatus,
  cost,
  lowerBound: cost,
  detailCount: Type.Integer(),
  createdBy: nullable(uuid),
  createdByName: nullable(Type.String({ description: 'Null where nobody did it, or he has left' })),
  createdAt: timestamp,
})
export type Revision = Static<typeof Revision>

type Unnamed = Omit<Revision, 'createdByName'>

const selectRevisions = sql`
  select
    revision.number, revision.action, revision.run_id, revision.shows_number, revision.plan_status, revision.cost,
    revision.lower_bound, revision.created_by, revision.created_at,
    (
      select count(*)::integer
      from assignments.revision_details as detail
      where detail.tenant_id = revision.tenant_id
        and detail.assignment_id = revision.assignment_id
        and detail.number = revision.number
    ) as detail_count
  from assignments.assignment_revisions as revision
`

/** The latest first. */
export async function listRevisions(
  tx: Reader,
  assignmentId: string,
  { limit, cursor }: { limit: number; cursor?: string },
) {
  await getAssignment(tx, assignmentId)
  const order = `assignment-revisions ${assignmentId}`
  const after = readCursor(cursor, order, Type.Tuple([Type.Integer()]))
  const rows = await tx.run<Unnamed>(sql`
    ${selectRevisions}
    where revision.assignment_id = ${assignmentId}
      and ${after ? sql`revision.number < ${after[0]}` : sql`true`}
    order by revision.number desc
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, revision => [revision.number])
}

/** Refuses what the round never had; 0 is a round with nobody on anything. */
export async function getRevision(tx: Reader, assignmentId: string, number: number): Promise<Unnamed> {
  const revision = await tx.maybe<Unnamed>(sql`
    ${selectRevisions}
    where revision.assignment_id = ${assignmentId}
      and revision.number = ${number}
  `)
  if (!revision) throw errors.revisionNotFound({ number })
  return revision
}

/** The same with the names of who made them. */
export async function nameRevisions(app: App, scope: Scope, revisions: readonly Unnamed[]): Promise<Revision[]> {
  const nameOf = await authorsOf(
    app,
    scope,
    revisions.map(each => each.createdBy),
  )
  return revisions.map(each => ({ ...each, createdByName: nameOf(each.createdBy) }))
}

async function readRevisionPairs(tx: Reader, assignmentId: string, number: number): Promise<PinnedPair[]> {
  if (number > 0) await getRevision(tx, assignmentId, number)
  return await tx.run<PinnedPair>(sql`
    select participant_id as participant, target_id as target
    from assignments.revision_details
    where assignment_id = ${assignmentId}
      and number = ${number}
    order by target_id, participant_id
  `)
}

const Place = Type.Object({ id: uuid, name: Type.String() })
const Side = Type.Object({
  cost: { ...cost, description: 'In points, by the rules, wishes and past rounds of today' },
  faults: Type.Integer({ description: 'Rules of today that it breaks' }),
  detailCount: Type.Integer(),
})
const gini = Type.Number({ description: 'Of this round and those before it: 0 is even' })

export const Comparison = Type.Object({
  from: Side,
  to: Side,
  changes: Type.Array(
    Type.Object({ participantId: uuid, name: Type.String(), from: Type.Array(Place), to: Type.Array(Place) }),
    { description: 'By name; who is where he was is not in it' },
  ),
  fairness: Type.Object({ from: Type.Object({ gini }), to: Type.Object({ gini }) }),
})
export type Comparison = Static<typeof Comparison>

export const comparisonQuery = {
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'A revision; as it stands unless told' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'A revision; as it stands unless told' })),
  run: Type.Optional({ ...uuid, description: 'What this run proposes, instead of `to`' }),
}
const Asked = Type.Object(comparisonQuery)

/** Two plans of a round, held against the round as it is today, so that what they cost can be compared. */
export async function comparePlans(
  tx: Reader,
  assignmentId: string,
  { from, to, run }: Static<typeof Asked>,
  timeZone: string,
): Promise<Comparison> {
  const { round, pairs } = await readStanding(tx, assignmentId, timeZone)
  const one = from === undefined ? pairs : await readRevisionPairs(tx, assignmentId, from)
  const other =
    run !== undefined
      ? await readProposedPairs(tx, assignmentId, run)
      : to === undefined
        ? pairs
        : await readRevisionPairs(tx, assignmentId, to)
  const moves = movesBetween(one, other)
  const names = await Names.in(tx, moves)
  const [before, after] = [Map.groupBy(one, pair => pair.participant), Map.groupBy(other, pair => pair.participant)]
  const placesOf = (plan: ReadonlyMap<string, readonly PinnedPair[]>, participant: string) =>
    (plan.get(participant) ?? []).map(({ target }) => ({ id: target, name: names.of(target) }))
  const sideOf = (plan: readonly PinnedPair[]) => ({
    cost: costOf(round, plan),
    faults: faultsIn(round, plan).length,
    detailCount: plan.length,
  })
  return {
    from: sideOf(one),
    to: sideOf(other),
    changes: moves
      .map(({ participant }) => ({
        ...{ participantId: participant, name: names.of(participant) },
        ...{ from: placesOf(before, participant), to: placesOf(after, participant) },
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name) || (a.participantId < b.participantId ? -1 : 1)),
    fairness: { from: { gini: giniWith(round, one) }, to: { gini: giniWith(round, other) } },
  }
}

function giniWith({ problem, history }: ReadyRound, assigned: readonly PinnedPair[]): number {
  const filled = new Map([...Map.groupBy(assigned, pair => pair.target)].map(([target, all]) => [target, all.length]))
  const shares = sharesOf(problem.pairs, filled)
  return giniOf(standingsOf([...history, { eligible: [], assigned, shares }]).values())
}

async function readProposedPairs(tx: Reader, assignmentId: string, runId: string): Promise<PinnedPair[]> {
  const { planStatus: status } = await getRun(tx, assignmentId, runId)
  if (status === null || status === 'infeasible') throw errors.runWithoutPlan()
  const { pairs } = await tx.one<{ pairs: PinnedPair[] }>(sql`
    select plan -> 'pairs' as pairs
    from assignments.solver_runs
    where id = ${runId}
  `)
  return pairs
}

type Way = { timeZone: string; ifMatch: IfMatch }

/**
 * Takes the last change back: as a revision of its own, so that nothing is lost. Undone again it goes on to the change before; what
 * was undone comes back by its number. `tx` is a transaction.
 */
export async function undoChange(app: App, tx: Queryable, assignmentId: string, way: Way): Promise<Unnamed> {
  await requireOpen(tx, assignmentId)
  const { revision } = await getAssignment(tx, assignmentId)
  const shown = await shownBy(tx, assignmentId, revision)
  if (shown === 0) throw errors.nothingToUndo()
  return await bringBack(app, tx, assignmentId, await shownBy(tx, assignmentId, shown - 1), 'undo', way)
}

/** Makes the plan of an earlier revision the round's again. `tx` is a transaction. */
export async function restoreRevision(
  app: App,
  tx: Queryable,
  assignmentId: string,
  number: number,
  way: Way,
): Promise<Unnamed> {
  await requireOpen(tx, assignmentId)
  const { revision } = await getAssignment(tx, assignmentId)
  if (number > 0) await getRevision(tx, assignmentId, number)
  if (number === revision) throw errors.revisionIsCurrent({ number })
  return await bringBack(app, tx, assignmentId, await shownBy(tx, assignmentId, number), 'restore', way)
}

/** The revision whose plan it is. */
async function shownBy(tx: Reader, assignmentId: string, number: number): Promise<number> {
  if (number === 0) return 0
  return (await getRevision(tx, assignmentId, number)).showsNumber ?? number
}

/** What a plan of then may lack today without anybody being where he cannot be. */
const bearable: readonly FaultKind[] = ['targetMinimum', 'participantMinimum', 'mix', 'pin']

async function bringBack(
  app: App,
  tx: Queryable,
  assignmentId: string,
  number: number,
  action: 'undo' | 'restore',
  { timeZone, ifMatch }: Way,
): Promise<Unnamed> {
  const assignment = await getAssignment(tx, assignmentId)
  requireMatch(ifMatch, assignment)
  const standing = await readStanding(tx, assignmentId, timeZone)
  const pairs = await readRevisionPairs(tx, assignmentId, number)
  const faults = newFaults(standing.faults, faultsIn(standing.round, pairs))
  const unbearable = faults.filter(({ kind }) => !bearable.includes(kind))
  if (unbearable.length > 0) {
    const said = sayFaults(unbearable, await readWords(tx, assignment.domainId), await Names.in(tx, unbearable))
    throw errors.moveRefused({ why: said.map(each => each.message).join(' '), faults: said })
  }
  const { revision } = await changePlan(tx, assignmentId, standing, pairs, { action, showsNumber: number })
  await tellChange(app, tx, assignmentId)
  return await getRevision(tx, assignmentId, revision)
}
