import { type Cost, largestCost, type Problem } from './problem.ts'

/** A problem that cannot be meant: a double, an unknown id, a number that is none. Says which, and what is allowed. */
export class ProblemError extends Error {
  override name = 'ProblemError'
}

/**
 * A problem in canonical order, as arrays: participants and targets by id (code unit), pairs by participant, then target.
 * Whatever order it was given in, the arrays are the same; so is everything that is computed from them.
 */
export interface Instance {
  readonly seed: number
  readonly participants: readonly string[]
  readonly targets: readonly string[]
  readonly participantMinimum: Int32Array
  /** Never more than he has pairs. */
  readonly participantMaximum: Int32Array
  /** Load costs of participant `p`: `loadCosts[loadStart[p]]` and on, `participantMaximum[p]` of them. */
  readonly loadStart: Int32Array
  readonly loadCosts: Float64Array
  readonly targetMinimum: Int32Array
  readonly targetMaximum: Int32Array
  /** Infinity: the minimum is a must. */
  readonly shortageCost: Float64Array
  readonly extraValue: Float64Array
  /** Pairs of participant `p`: from `pairStart[p]` to before `pairStart[p + 1]`. */
  readonly pairStart: Int32Array
  readonly pairParticipant: Int32Array
  readonly pairTarget: Int32Array
  readonly pairCost: Float64Array
  readonly pinned: Uint8Array
}

export function instanceOf(problem: Problem): Instance {
  const { seed } = problem
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new ProblemError(`The seed is ${seed}; it is a whole number from 0 to ${2 ** 32 - 1}.`)
  const participants = problem.participants.toSorted(byId)
  const targets = problem.targets.toSorted(byId)
  refuseDoubles('participant', participants)
  refuseDoubles('target', targets)
  const [n, m] = [participants.length, targets.length]
  const placeOfParticipant = new Map(participants.map(({ id }, place) => [id, place]))
  const placeOfTarget = new Map(targets.map(({ id }, place) => [id, place]))

  const pairs = problem.pairs.length
  const [givenParticipant, givenTarget] = [new Int32Array(pairs), new Int32Array(pairs)]
  const [ofTarget, ofParticipant] = [new Int32Array(m + 1), new Int32Array(n + 1)]
  let last: { id: string; place: number } | undefined
  for (let given = 0; given < pairs; given++) {
    const { participant, target, cost } = problem.pairs[given]!
    // Pairs mostly come person by person: half the looking up is left out.
    const p = last?.id === participant ? last.place : placeOfParticipant.get(participant)
    if (p === undefined) throw unknown('pair', 'participant', participant)
    if (last?.place !== p) last = { id: participant, place: p }
    const t = placeOfTarget.get(target)
    if (t === undefined) throw unknown('pair', 'target', target)
    if (!isCost(cost)) throw badCost(`The pair ${participant}, ${target}`, cost)
    givenParticipant[given] = p
    givenTarget[given] = t
    ofParticipant[p + 1]!++
    ofTarget[t + 1]!++
  }
  for (let p = 0; p < n; p++) ofParticipant[p + 1]! += ofParticipant[p]!
  for (let t = 0; t < m; t++) ofTarget[t + 1]! += ofTarget[t]!
  const pairStart = ofParticipant.slice()
  // Counted into place by target first, then by participant: sorted by both without a comparison.
  const byTarget = new Int32Array(pairs)
  for (let given = 0; given < pairs; given++) byTarget[ofTarget[givenTarget[given]!]!++] = given
  const [pairParticipant, pairTarget] = [new Int32Array(pairs), new Int32Array(pairs)]
  const pairCost = new Float64Array(pairs)
  for (const given of byTarget) {
    const [p, t] = [givenParticipant[given]!, givenTarget[given]!]
    const place = ofParticipant[p]!++
    if (place > pairStart[p]! && pairTarget[place - 1] === t)
      throw new ProblemError(`The pair ${participants[p]!.id}, ${targets[t]!.id} is there twice; a pair is there once.`)
    pairParticipant[place] = p
    pairTarget[place] = t
    pairCost[place] = problem.pairs[given]!.cost
  }

  const participantMinimum = new Int32Array(n)
  const participantMaximum = new Int32Array(n)
  const loadStart = new Int32Array(n + 1)
  for (let p = 0; p < n; p++) {
    const { id, minimum, maximum, loadCosts } = participants[p]!
    refuseBounds(`Participant ${id}`, minimum, maximum)
    if (loadCosts.length < Math.min(maximum, m))
      throw new ProblemError(
        `Participant ${id} has ${loadCosts.length} load costs for ${maximum} targets; each has one.`,
      )
    participantMinimum[p] = minimum
    participantMaximum[p] = Math.min(maximum, pairStart[p + 1]! - pairStart[p]!)
    loadStart[p + 1] = loadStart[p]! + participantMaximum[p]!
  }
  const loadCosts = new Float64Array(loadStart[n]!)
  for (let p = 0; p < n; p++) {
    const { id, loadCosts: given } = participants[p]!
    for (let load = 0; load < given.length; load++) {
      const cost = given[load]!
      if (!isCost(cost)) throw badCost(`A load of participant ${id}`, cost)
      if (load > 0 && cost < given[load - 1]!)
        throw new ProblemError(
          `Load costs of participant ${id} fall from ${given[load - 1]} to ${cost}; they never fall.`,
        )
      if (load < participantMaximum[p]!) loadCosts[loadStart[p]! + load] = cost
    }
  }

  const [targetMinimum, targetMaximum] = [new Int32Array(m), new Int32Array(m)]
  const [shortageCost, extraValue] = [new Float64Array(m), new Float64Array(m)]
  for (let t = 0; t < m; t++) {
    const { id, minimum, maximum, shortageCost: shortage, extraValue: extra } = targets[t]!
    refuseBounds(`Target ${id}`, minimum, maximum)
    if (shortage !== undefined && !isCost(shortage)) throw badCost(`A free place of target ${id}`, shortage)
    if (!isCost(extra)) throw badCost(`An extra person on target ${id}`, extra)
    if (shortage !== undefined && extra > shortage && minimum > 0 && maximum > minimum)
      throw new ProblemError(
        `Target ${id} values an extra person at ${extra}, and a missing one at ${shortage}; a missing one weighs as much or more.`,
      )
    targetMinimum[t] = minimum
    targetMaximum[t] = maximum
    shortageCost[t] = shortage ?? Number.POSITIVE_INFINITY
    extraValue[t] = extra
  }

  const instance: Instance = {
    seed,
    participants: participants.map(({ id }) => id),
    targets: targets.map(({ id }) => id),
    ...{ participantMinimum, participantMaximum, loadStart, loadCosts },
    ...{ targetMinimum, targetMaximum, shortageCost, extraValue },
    ...{ pairStart, pairParticipant, pairTarget, pairCost, pinned: new Uint8Array(pairs) },
  }
  for (const { participant, target } of problem.pins) {
    const p = placeOfParticipant.get(participant)
    if (p === undefined) throw unknown('pin', 'participant', participant)
    const t = placeOfTarget.get(target)
    if (t === undefined) throw unknown('pin', 'target', target)
    const pair = findPair(instance, p, t)
    if (pair < 0)
      throw new ProblemError(`${participant}, ${target} is pinned, but is not among the pairs; a pin is one of them.`)
    if (instance.pinned[pair]) throw new ProblemError(`${participant}, ${target} is pinned twice; a pin is there once.`)
    instance.pinned[pair] = 1
  }
  return instance
}

/** Place of the pair, or -1. */
export function findPair({ pairStart, pairTarget }: Instance, p: number, t: number): number {
  let [low, high] = [pairStart[p]!, pairStart[p + 1]!]
  while (low < high) {
    const middle = (low + high) >> 1
    if (pairTarget[middle]! < t) low = middle + 1
    else high = middle
  }
  return low < pairStart[p + 1]! && pairTarget[low] === t ? low : -1
}

/** Place of an id in a canonical list, or -1. */
export function findId(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ids[middle]! < id) low = middle + 1
    else high = middle
  }
  return ids[low] === id ? low : -1
}

const byId = (one: { readonly id: string }, other: { readonly id: string }) =>
  one.id < other.id ? -1 : one.id > other.id ? 1 : 0

const isCost = (cost: Cost) => Number.isInteger(cost) && Math.abs(cost) <= largestCost

function refuseDoubles(kind: string, sorted: readonly { readonly id: string }[]): void {
  for (let place = 1; place < sorted.length; place++)
    if (sorted[place]!.id === sorted[place - 1]!.id)
      throw new ProblemError(`The ${kind} ${sorted[place]!.id} is there twice; an id is there once.`)
}

function refuseBounds(who: string, minimum: number, maximum: number): void {
  if (
    !Number.isInteger(minimum) ||
    !Number.isInteger(maximum) ||
    minimum < 0 ||
    maximum < minimum ||
    maximum > largestCount
  )
    throw new ProblemError(
      `${who} has minimum ${minimum} and maximum ${maximum}; they are whole numbers, 0 ≤ minimum ≤ maximum ≤ ${largestCount}.`,
    )
}

/** Sums of it over a million people or targets stay below what a capacity without limit is (see `flow.ts`). */
const largestCount = 1_000_000

const unknown = (where: string, kind: string, id: string) =>
  new ProblemError(`A ${where} names the ${kind} ${id}, which the problem does not have.`)
const badCost = (what: string, cost: Cost) =>
  new ProblemError(`${what} costs ${cost}; a cost is a whole number from -${largestCost} to ${largestCost}.`)
