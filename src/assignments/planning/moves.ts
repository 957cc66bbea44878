import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import type { Queryable, Reader } from '#platform/database'
import { type IfMatch, nullable, requireMatch, uuid } from '#platform/http'
import type { Fault } from '../engine/checks.ts'
import type { PinnedPair } from '../engine/problem.ts'
import { errors } from '../errors.ts'
import { getAssignment, requireOpen } from '../rounds/assignments.ts'
import { explainPair } from '../rounds/pair-reasons.ts'
import { tellChange } from './publications.ts'
import { Names, readWords, SaidFault, sayFaults } from './sentences.ts'
import { changePlan, costOf, faultsIn, readStanding, type Standing } from './standings.ts'

const pair = Type.Object({ participantId: uuid, targetId: uuid })

export const Change = Type.Union([
  Type.Object({ kind: Type.Literal('add'), ...pair.properties }),
  Type.Object({ kind: Type.Literal('remove'), ...pair.properties }),
  Type.Object({ kind: Type.Literal('move'), participantId: uuid, from: uuid, to: uuid }),
  Type.Object({
    kind: Type.Literal('swap'),
    participantIds: Type.Tuple([uuid, uuid]),
    targetIds: Type.Tuple([uuid, uuid], {
      description: 'Where each of the two is now; afterwards each is where the other was',
    }),
  }),
])
export type Change = Static<typeof Change>

export const MoveFields = Type.Object({
  changes: Type.Array(Change, { minItems: 1, maxItems: 500, description: 'All of them or none' }),
  preview: Type.Optional(Type.Boolean({ description: 'Tells what it would cost and break, and changes nothing' })),
  revision: Type.Optional(
    Type.Integer({ minimum: 0, description: 'The plan that the caller has seen; refused where there is a newer one' }),
  ),
})
export type MoveFields = Static<typeof MoveFields>

const cost = nullable(Type.Number({ description: 'In points' }))
const missing = Type.Integer({ description: 'Places that are needed and stay empty' })

export const MoveAnswer = Type.Object({
  costBefore: cost,
  costAfter: cost,
  missingBefore: missing,
  missingAfter: missing,
  faults: Type.Array(SaidFault, { description: 'Rules that it breaks and that are not broken without it' }),
  revision: nullable(Type.Integer({ description: 'The plan that it made; null of a preview' })),
})
export type MoveAnswer = Static<typeof MoveAnswer>

/** What changes would cost and break. */
export async function previewMoves(
  tx: Reader,
  assignmentId: string,
  changes: readonly Change[],
  timeZone: string,
): Promise<MoveAnswer> {
  const standing = await readStanding(tx, assignmentId, timeZone)
  return (await weighMoves(tx, assignmentId, standing, changes, timeZone)).answer
}

/**
 * Changes who is on what by hand. Refused where it breaks a rule that is not broken without it. `tx` is a transaction, in which
 * the round stays as it is until it ends: of two who move at once the second is weighed on what the first has made.
 */
export async function makeMoves(
  app: App,
  tx: Queryable,
  assignmentId: string,
  { changes, revision: seen }: MoveFields,
  { timeZone, ifMatch }: { timeZone: string; ifMatch: IfMatch },
): Promise<MoveAnswer> {
  await requireOpen(tx, assignmentId)
  const assignment = await getAssignment(tx, assignmentId)
  requireMatch(ifMatch, assignment)
  if (seen !== undefined && seen !== assignment.revision)
    throw errors.assignmentChanged({ seen, revision: assignment.revision })
  const standing = await readStanding(tx, assignmentId, timeZone)
  const { pairs, answer } = await weighMoves(tx, assignmentId, standing, changes, timeZone)
  if (answer.faults.length > 0)
    throw errors.moveRefused({ why: answer.faults.map(each => each.message).join(' '), faults: answer.faults })
  const { revision } = await changePlan(tx, assignmentId, standing, pairs, { action: 'move' })
  await tellChange(app, tx, assignmentId)
  return { ...answer, revision }
}

async function weighMoves(
  tx: Reader,
  assignmentId: string,
  standing: Standing,
  changes: readonly Change[],
  timeZone: string,
): Promise<{ pairs: PinnedPair[]; answer: MoveAnswer }> {
  const { round, faults: before } = standing
  const pairs = await changedPairs(tx, standing.pairs, changes)
  const faults = newFaults(before, faultsIn(round, pairs))
  const { domainId } = await getAssignment(tx, assignmentId)
  const names = await Names.in(tx, faults)
  const said = sayFaults(faults, await readWords(tx, domainId), names)
  const answer = {
    ...{ costBefore: standing.cost, costAfter: costOf(round, pairs) },
    ...{ missingBefore: missingIn(standing, standing.pairs), missingAfter: missingIn(standing, pairs) },
    faults: await withReasons(tx, assignmentId, said, timeZone),
    revision: null,
  }
  return { pairs, answer }
}

/** Why somebody cannot be somewhere says more than that he cannot. */
async function withReasons(
  tx: Reader,
  assignmentId: string,
  faults: readonly SaidFault[],
  timeZone: string,
): Promise<SaidFault[]> {
  const said: SaidFault[] = []
  for (const fault of faults) {
    const { rule, participantId, targetId } = fault
    const reasons =
      rule === 'eligibility' && participantId && targetId
        ? await explainPair(tx, assignmentId, { participantId, targetId }, { timeZone })
        : []
    if (reasons.length === 0) said.push(fault)
    for (const reason of reasons) said.push({ ...fault, rule: reason.rule, message: reason.message })
  }
  return said
}

/** Faults that are worse after than before, or new. */
export function newFaults(before: readonly Fault[], after: readonly Fault[]): Fault[] {
  const keyOf = ({ kind, participant, target, other, of }: Fault) =>
    JSON.stringify([kind, participant, target, other, of])
  const excessOf = ({ count = 1, limit = 0 }: Fault) => Math.abs(count - limit)
  const known = new Map(before.map(fault => [keyOf(fault), excessOf(fault)]))
  return after.filter(fault => excessOf(fault) > (known.get(keyOf(fault)) ?? Number.NEGATIVE_INFINITY))
}

function missingIn({ round }: Standing, pairs: readonly PinnedPair[]): number {
  const filled = Map.groupBy(pairs, each => each.target)
  return round.problem.targets.reduce(
    (sum, { id, minimum }) => sum + Math.max(0, minimum - (filled.get(id)?.length ?? 0)),
    0,
  )
}

/** Who is on what when all changes are made, in their order. Refuses to take somebody from where he is not. */
async function changedPairs(
  tx: Reader,
  pairs: readonly PinnedPair[],
  changes: readonly Change[],
): Promise<PinnedPair[]> {
  const on = new Map(pairs.map(each => [keyOf(each.participant, each.target), each]))
  const refuse = async (thrower: typeof errors.moveNowhere, participant: string, target: string) => {
    const names = await Names.in(tx, [participant, target])
    throw thrower({ participant: names.of(participant), target: names.of(target) })
  }
  const leave = async (participant: string, target: string) => {
    if (!on.delete(keyOf(participant, target))) await refuse(errors.moveNowhere, participant, target)
  }
  const join = async (participant: string, target: string) => {
    if (on.has(keyOf(participant, target))) await refuse(errors.moveDouble, participant, target)
    on.set(keyOf(participant, target), { participant, target })
  }
  for (const change of changes) {
    if (change.kind === 'add') await join(change.participantId, change.targetId)
    else if (change.kind === 'remove') await leave(change.participantId, change.targetId)
    else if (change.kind === 'move') {
      await leave(change.participantId, change.from)
      await join(change.participantId, change.to)
    } else {
      const [[one, other], [here, there]] = [change.participantIds, change.targetIds]
      await leave(one, here)
      await leave(other, there)
      await join(one, there)
      await join(other, here)
    }
  }
  const isBefore = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)
  return [...on.values()].toSorted(
    (one, other) => isBefore(one.target, other.target) || isBefore(one.participant, other.participant),
  )
}

const keyOf = (participant: string, target: string) => `${participant} ${target}`
