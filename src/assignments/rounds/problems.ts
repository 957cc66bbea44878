import type { Reader } from '#platform/database'
import type { Mix, Occurrence, Pair, Problem, ProblemParticipant, ProblemTarget } from '../engine/problem.ts'
import { errors } from '../errors.ts'
import { AbleCandidates, holds, skillMatchOf } from './eligibility.ts'
import { reasonsInRound } from './pair-reasons.ts'
import { type RoundCandidate, type RoundChanges, type RoundInputs, type RoundPlace, readRound } from './round-inputs.ts'
import { minuteLimitsOf, type RoundTimes, readRoundTimes, restOf, restReasons } from './round-times.ts'

/** What one step of a preference costs, and an empty place by step of its priority: nobody's wish empties a place. */
export const preferenceCost = 100
export const shortageCost = 1_000_000

/** In ms. */
const longestTurn = 15

export type RoundProblem = {
  problem: Problem
  /** Of targets with times, when they are: for calendars. Minutes since 1970-01-01 UTC; of several days the first. */
  times: ReadonlyMap<string, { startsAt: number; endsAt: number }>
  /** Targets that each could be on. */
  eligible: ReadonlyMap<string, number>
  /** What the problem says less exactly than the domain, a sentence each. */
  notes: readonly string[]
}

/**
 * VS-11: a round for the engine. `loadCosts` says what somebody's first, second, … target costs beside the pair's own
 * cost, by what he has done before; unless given, nothing. Refuses pins that are not possible. `timeZone` is the tenant's.
 */
export async function buildProblem(
  tx: Reader,
  assignmentId: string,
  {
    timeZone,
    loadCosts = freeOfCost,
    changes,
  }: {
    timeZone: string
    loadCosts?: (participantId: string, count: number) => number[]
    changes?: RoundChanges
  },
): Promise<RoundProblem> {
  const round = await readRound(tx, assignmentId, undefined, changes)
  const times = await readRoundTimes(tx, round, timeZone)
  const { problem, possible, eligible } = await problemOf(round, times, loadCosts)
  checkPins(round, times, possible)
  return {
    problem,
    times: new Map([...times.of].flatMap(([id, [first]]) => (first ? [[id, first] as const] : []))),
    eligible,
    notes: notesOn(round),
  }
}

/** A round as a problem, whether its pins are possible or not, with who can be on each target. */
export async function problemOf(round: RoundInputs, times: RoundTimes, loadCosts = freeOfCost) {
  const eligible = new Map(round.candidates.map(each => [each.id, 0]))
  const pairs: Pair[] = []
  const possible = new Map<string, RoundCandidate[]>()
  const candidates = new AbleCandidates(round.candidates, round.days)
  await forEachPlace(round, place => {
    const weights = round.weights.get(place.id)
    const free = candidates.on(place)
    const able = times.of.has(place.id)
      ? free.filter(candidate => restReasons(candidate, place, round, times).length === 0)
      : free
    possible.set(place.id, able)
    for (const candidate of able) {
      const { id } = candidate
      eligible.set(id, (eligible.get(id) ?? 0) + 1)
      // Of costs that are no less than nothing: 0 for what somebody likes best.
      const cost = (2 - (weights?.get(id) ?? 0)) * preferenceCost
      const skillMatch = skillMatchOf(candidate, place)
      pairs.push({ participant: id, target: place.id, cost, ...(skillMatch < 1 && { skillMatch }) })
    }
  })
  const known = new Set(round.candidates.map(each => each.id))
  const problem: Problem = {
    seed: round.seed,
    participants: round.candidates.map(each =>
      participantOf(each, eligible.get(each.id) ?? 0, round, times, loadCosts),
    ),
    targets: round.places.map(place => targetOf(place, times.of.get(place.id), possible.get(place.id) ?? [])),
    pairs,
    pins: round.pins,
    relations: round.relations.filter(({ participants }) => participants.every(id => known.has(id))),
  }
  return { problem, possible, eligible }
}

/** Two and a half million pairs take a second: others have their turn in between. */
export async function forEachPlace({ places }: RoundInputs, visit: (place: RoundPlace) => void): Promise<void> {
  let since = performance.now()
  for (const place of places) {
    if (performance.now() - since > longestTurn) {
      await new Promise(resolve => setImmediate(resolve))
      since = performance.now()
    }
    visit(place)
  }
}

const freeOfCost = (_: string, count: number): number[] => new Array(count).fill(0)

function participantOf(
  candidate: RoundCandidate,
  eligibleCount: number,
  round: RoundInputs,
  times: RoundTimes,
  loadCosts: (participantId: string, count: number) => number[],
): ProblemParticipant {
  const { id, minimum, limit } = candidate
  const maximum = Math.max(minimum, Math.min(limit, eligibleCount))
  const [minuteLimits, rest] = [minuteLimitsOf(candidate, round, times), restOf(candidate, round)]
  return {
    id,
    minimum,
    maximum,
    loadCosts: loadCosts(id, maximum),
    ...(minuteLimits && { minuteLimits }),
    ...(rest !== undefined && { restMinutes: rest }),
  }
}

function targetOf(
  place: RoundPlace,
  occurrences: readonly Occurrence[] | undefined,
  able: readonly RoundCandidate[],
): ProblemTarget {
  return {
    id: place.id,
    minimum: place.minimum,
    maximum: place.maximum,
    ...(place.mayBeShort && { shortageCost: place.priority * shortageCost }),
    extraValue: 0,
    ...(occurrences && { occurrences }),
    mixes: place.mix.map(mix => mixOf(mix, able)),
  }
}

function mixOf({ skill, level, minimum }: RoundPlace['mix'][number], able: readonly RoundCandidate[]): Mix {
  return {
    name: `${minimum} × ${skill}${level === undefined ? '' : ` at level ${level}`}`,
    minimum,
    participants: able.filter(candidate => holds(candidate, skill, level)).map(each => each.id),
  }
}

/** One place in a round is for all of its days (decision 0028). */
function notesOn({ places }: RoundInputs): string[] {
  const again = places.filter(({ days }) => days.length > 1)
  if (again.length === 0) return []
  const names = again.slice(0, 3).map(({ name }) => name)
  const more = again.length > names.length ? ` and ${again.length - names.length} more` : ''
  return [
    `On several days of the round: ${names.join(', ')}${more}. Whoever is on one of them is on it each time; for other people each week make a round of each week.`,
  ]
}

function checkPins(
  round: RoundInputs,
  times: RoundTimes,
  possible: ReadonlyMap<string, readonly RoundCandidate[]>,
): void {
  for (const { participant, target } of round.pins) {
    if (possible.get(target)?.some(candidate => candidate.id === participant)) continue
    const candidate = round.candidates.find(each => each.id === participant)
    const place = round.places.find(each => each.id === target)
    const reasons = candidate && place ? reasonsInRound(candidate, place, round, times) : []
    const why = reasons.map(each => each.message).join(' ') || 'One of them is not active, or not in the round.'
    throw errors.pinImpossible({
      ...{ participant: candidate?.name ?? participant, target: place?.name ?? target, why },
      ...{ participantId: participant, targetId: target },
    })
  }
}
