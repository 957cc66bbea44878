// A round as it stands: who is on what, by the rules and wishes of today.
import { type Queryable, type Reader, sql } from '#platform/database'
import { addUpPrices } from '../engine/certificates.ts'
import { addUpPlan, type Fault, faultsOf } from '../engine/checks.ts'
import type { Certificate, Pair, PinnedPair, Plan, Problem } from '../engine/problem.ts'
import { resolveDropOuts } from './drop-outs.ts'
import { inPoints } from './points.ts'
import { type ReadyRound, readyRound } from './ready-rounds.ts'
import { type Action, keepShares, noteRevision, replacePeople } from './revisions.ts'

export type Standing = {
  round: ReadyRound
  pairs: readonly PinnedPair[]
  faults: readonly Fault[]
  /** In points. */
  cost: number
  /** Dual prices of the last plan that the engine made; null before there is one. */
  prices: Extract<Certificate, { kind: 'prices' }> | null
}

export async function readStanding(tx: Reader, assignmentId: string, timeZone: string): Promise<Standing> {
  const round = await readyRound(tx, assignmentId, { timeZone })
  const pairs = await readPairs(tx, assignmentId)
  const faults = faultsIn(round, pairs)
  return { round, pairs, faults, cost: costOf(round, pairs), prices: await readPrices(tx, assignmentId) }
}

/** In points. */
export const costOf = ({ problem, unit }: ReadyRound, pairs: readonly PinnedPair[]): number =>
  inPoints(addUpPlan(withPairs(problem, pairs), pairs).cost, unit) as number

/** What a plan breaks. */
export const faultsIn = ({ problem }: Pick<ReadyRound, 'problem'>, pairs: readonly PinnedPair[]): Fault[] =>
  faultsOf(withPairs(problem, pairs), pairs)

/** A problem with the pairs of a plan alone: they tell what it costs and breaks, and half a million others are not gone through. */
function withPairs(problem: Problem, pairs: readonly PinnedPair[]): Problem {
  const placesOf = placesOfTargets(problem.pairs)
  const found = pairs.flatMap(
    ({ participant, target }) => findPair(problem.pairs, placesOf.get(target), participant) ?? [],
  )
  return { ...problem, pairs: [...new Set(found)] }
}

type Places = { from: number; to: number }

const known = new WeakMap<readonly Pair[], ReadonlyMap<string, Places>>()

/** Where the pairs of each target are: a round has them by target, then participant. */
function placesOfTargets(pairs: readonly Pair[]): ReadonlyMap<string, Places> {
  const before = known.get(pairs)
  if (before) return before
  const places = new Map<string, Places>()
  let last: (Places & { target: string }) | undefined
  for (let at = 0; at < pairs.length; at++) {
    const { target } = pairs[at] as Pair
    if (target !== last?.target) {
      last = { target, from: at, to: at }
      places.set(target, last)
    }
    last.to = at + 1
  }
  known.set(pairs, places)
  return places
}

export function findPairIn(
  { problem }: Pick<ReadyRound, 'problem'>,
  { participant, target }: PinnedPair,
): Pair | undefined {
  return findPair(problem.pairs, placesOfTargets(problem.pairs).get(target), participant)
}

function findPair(pairs: readonly Pair[], places: Places | undefined, participant: string): Pair | undefined {
  let [low, high] = [places?.from ?? 0, places?.to ?? 0]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((pairs[middle] as Pair).participant < participant) low = middle + 1
    else high = middle
  }
  const found = low < (places?.to ?? 0) ? pairs[low] : undefined
  return found?.participant === participant ? found : undefined
}

/** As plans are sorted. */
export async function readPairs(tx: Reader, assignmentId: string): Promise<PinnedPair[]> {
  return await tx.run<PinnedPair>(sql`
    select participant_id as participant, target_id as target
    from assignments.assignment_details
    where assignment_id = ${assignmentId}
    order by target_id, participant_id
  `)
}

async function readPrices(tx: Reader, assignmentId: string): Promise<Standing['prices']> {
  const run = await tx.maybe<{ certificate: Certificate }>(sql`
    select run.plan -> 'certificate' as certificate
    from assignments.assignment_revisions as revision
    join assignments.solver_runs as run on run.tenant_id = revision.tenant_id and run.id = revision.run_id
    where revision.assignment_id = ${assignmentId}
    order by revision.number desc
    limit 1
  `)
  return run?.certificate.kind === 'prices' ? run.certificate : null
}

/**
 * What is proved of a plan of the round as it is today: prices bound every problem whose participants and targets they know, and
 * whatever has changed since, the bound that they add up to holds. `optimal` where it is met.
 */
export function factsOf(
  standing: Standing,
  pairs: readonly PinnedPair[],
): { planStatus: Plan['status'] | null; cost: number; lowerBound: number | null } {
  const { round, prices } = standing
  const isAsItStands = pairs === standing.pairs
  const cost = isAsItStands ? standing.cost : costOf(round, pairs)
  const faults = isAsItStands ? standing.faults : faultsIn(round, pairs)
  if (faults.length > 0) return { planStatus: null, cost, lowerBound: null }
  const proof = prices && addUpPrices(round.problem, prices)
  const proven = proof && proof.faults.length === 0 ? inPoints(proof.lowerBound, round.unit) : null
  const lowerBound = proven === null ? null : Math.min(proven, cost)
  return { planStatus: lowerBound === cost ? 'optimal' : 'feasible', cost, lowerBound }
}

/** Puts people where they are to be, as a revision of the round. Its row is locked, and what is to be refused has been. */
export async function changePlan(
  tx: Queryable,
  assignmentId: string,
  standing: Standing,
  pairs: readonly PinnedPair[],
  made: { action: Action; showsNumber?: number },
): Promise<{ revision: number; cost: number }> {
  const { round } = standing
  await replacePeople(tx, assignmentId, pairs, round.times)
  await keepShares(tx, assignmentId, round, pairs)
  const facts = factsOf(standing, pairs)
  const revision = await noteRevision(tx, assignmentId, { ...made, ...facts })
  await resolveDropOuts(tx, assignmentId, revision)
  return { revision, cost: facts.cost }
}
