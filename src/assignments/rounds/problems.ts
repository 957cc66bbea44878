import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { oneOf, uuid } from '#platform/http'
import type { Mix, Occurrence, Pair, Problem, ProblemParticipant, ProblemTarget } from '../engine/problem.ts'
import { errors } from '../errors.ts'
import { holds, isPossible, type Reason, reasonsAgainst, rules, skillMatchOf } from './eligibility.ts'
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
  const eligible = new Map(round.candidates.map(each => [each.id, 0]))
  const pairs: Pair[] = []
  const possible = new Map<string, RoundCandidate[]>()
  let since = performance.now()
  for (const place of round.places) {
    // Two and a half million pairs take a second: others have their turn in between.
    if (performance.now() - since > longestTurn) {
      await new Promise(resolve => setImmediate(resolve))
      since = performance.now()
    }
    const weights = round.weights.get(place.id)
    const able = round.candidates.filter(
      candidate => isPossible(candidate, place, round.days) && restReasons(candidate, place, round, times).length === 0,
    )
    possible.set(place.id, able)
    for (const candidate of able) {
      const { id } = candidate
      eligible.set(id, (eligible.get(id) ?? 0) + 1)
      // Of costs that are no less than nothing: 0 for what somebody likes best.
      const cost = (2 - (weights?.get(id) ?? 0)) * preferenceCost
      const skillMatch = skillMatchOf(candidate, place)
      pairs.push({ participant: id, target: place.id, cost, ...(skillMatch < 1 && { skillMatch }) })
    }
  }
  checkPins(round, times, possible)
  const known = new Set(round.candidates.map(each => each.id))
  return {
    problem: {
      seed: round.seed,
      participants: round.candidates.map(each =>
        participantOf(each, eligible.get(each.id) ?? 0, round, times, loadCosts),
      ),
      targets: round.places.map(place => targetOf(place, times.of.get(place.id), possible.get(place.id) ?? [])),
      pairs,
      pins: round.pins,
      relations: round.relations.filter(({ participants }) => participants.every(id => known.has(id))),
    },
    times: new Map([...times.of].flatMap(([id, [first]]) => (first ? [[id, first] as const] : []))),
    eligible,
    notes: notesOn(round),
  }
}

/** Why somebody cannot be on a target in a round, by rule and with what is missing; empty where he can. */
export async function explainPair(
  tx: Reader,
  assignmentId: string,
  pair: { participantId: string; targetId: string },
  { timeZone }: { timeZone: string },
): Promise<Reason[]> {
  const round = await readRound(tx, assignmentId, pair)
  const [candidate, place] = [round.candidates[0], round.places[0]]
  if (candidate && place)
    return [
      ...(await droppedOutReasons(tx, assignmentId, candidate, place)),
      ...allReasons(candidate, place, round, await readRoundTimes(tx, round, timeZone)),
    ]
  const message = `The target is on none of the days of the round, ${round.days[0]} to ${round.days.at(-1)}.`
  return [{ rule: 'capacity_check', message, missing: { days: [...round.days] } }]
}

async function droppedOutReasons(
  tx: Reader,
  assignmentId: string,
  { id, name }: RoundCandidate,
  place: RoundPlace,
): Promise<Reason[]> {
  const dropOut = await tx.maybe<{ targetId: string | null }>(sql`
    select target_id
    from assignments.drop_outs
    where assignment_id = ${assignmentId}
      and participant_id = ${id}
      and (target_id is null or target_id = ${place.id})
    order by target_id nulls first
    limit 1
  `)
  if (!dropOut) return []
  const message = `${name} has dropped out of ${dropOut.targetId === null ? 'this round' : place.name}.`
  return [{ rule: 'availability_check', message, missing: { droppedOut: true } }]
}

/** What a round lacks before anybody plans it: a fault of a target, or of all. */
export const RoundFault = Type.Object({
  rule: oneOf(rules),
  targetId: Type.Optional(uuid),
  message: Type.String(),
  missing: Type.Integer({ description: 'So many people too few' }),
})
export type RoundFault = Static<typeof RoundFault>

/** VS-11: capacity_check, skill_matching and availability_check of a round, those that it names or all, with what is missing. */
export async function validateRound(
  tx: Reader,
  assignmentId: string,
  { timeZone }: { timeZone: string },
): Promise<RoundFault[]> {
  const round = await readRound(tx, assignmentId)
  const times = await readRoundTimes(tx, round, timeZone)
  const faults = round.places.flatMap(place => faultsOf(place, round, times))
  const needed = round.places.filter(place => !place.mayBeShort).reduce((sum, { minimum }) => sum + minimum, 0)
  const there = round.candidates.reduce((sum, { limit }) => sum + Math.min(limit, round.places.length), 0)
  const message = `The round has ${needed} places to fill, and its people take ${there} assignments together.`
  const all: RoundFault[] =
    needed <= there ? faults : [{ rule: 'capacity_check', message, missing: needed - there }, ...faults]
  const named = round.configuration.validation_rules
  return named ? all.filter(({ rule }) => named.includes(rule)) : all
}

const allReasons = (candidate: RoundCandidate, place: RoundPlace, round: RoundInputs, times: RoundTimes) => [
  ...reasonsAgainst(candidate, place, round.days),
  ...restReasons(candidate, place, round, times),
]

function faultsOf(place: RoundPlace, round: RoundInputs, times: RoundTimes): RoundFault[] {
  const { candidates } = round
  const fault = (rule: RoundFault['rule'], count: number, words: string, needed = place.minimum): RoundFault[] =>
    count >= needed
      ? []
      : [
          {
            rule,
            targetId: place.id,
            message: `${place.name} needs ${needed} people, and ${count} ${words}.`,
            missing: needed - count,
          },
        ]
  const against = candidates.map(candidate => allReasons(candidate, place, round, times).map(each => each.rule))
  const without = (rule: RoundFault['rule']) => against.filter(found => !found.includes(rule)).length
  const able = candidates.filter((_, index) => against[index]?.length === 0)
  const single = [
    ...fault('skill_matching', without('skill_matching'), 'have the skills for it'),
    ...fault('availability_check', without('availability_check'), 'are free then'),
  ]
  const mixed = place.mix.flatMap(({ skill, level, minimum }) =>
    fault(
      'skill_matching',
      able.filter(each => holds(each, skill, level)).length,
      `of those who can be there have ${skill}`,
      minimum,
    ),
  )
  return [...(single.length > 0 ? single : fault('capacity_check', able.length, 'can be there')), ...mixed]
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
    const reasons = candidate && place ? allReasons(candidate, place, round, times) : []
    const why = reasons.map(each => each.message).join(' ') || 'One of them is not active, or not in the round.'
    throw errors.pinImpossible({
      ...{ participant: candidate?.name ?? participant, target: place?.name ?? target, why },
      ...{ participantId: participant, targetId: target },
    })
  }
}
