import { addUpConflict, addUpPrices, minutesOf, Pairs } from './certificates.ts'
import type { Cost, Occurrence, PinnedPair, Plan, Problem, ProblemTarget } from './problem.ts'

/** What a plan is worth to somebody who trusts nobody. */
export interface Check {
  /** Nothing was found that the plan says and that is not so. */
  readonly holds: boolean
  readonly findings: readonly string[]
  /** As added up here; null where there is no plan. */
  readonly cost: Cost | null
  /** What the prices prove: no plan costs less. Null where they prove nothing. */
  readonly provenBound: Cost | null
  /** What the plan says beyond that on the word of a solver. */
  readonly claimed?: string
}

/** Checks a plan against its problem, in time linear in the problem, with no code of what made it. */
export function checkPlan(problem: Problem, plan: Plan): Check {
  return plan.status === 'infeasible' ? checkConflict(problem, plan) : checkBound(problem, plan)
}

function checkConflict(problem: Problem, plan: Plan): Check {
  const findings: string[] = []
  const { certificate } = plan
  let claimed: string | undefined
  if (plan.pairs.length > 0 || plan.cost !== null || plan.lowerBound !== null || plan.shortages.length > 0)
    findings.push('It is infeasible, and yet has pairs, a cost, a bound or shortages.')
  if (certificate.kind !== 'conflict') findings.push('It is infeasible, and names no conflict.')
  else if (certificate.claimedBy !== undefined && certificate.demands.some(({ kind }) => sideDemands.has(kind)))
    claimed = `That these demands conflict was proved by ${certificate.claimedBy}.`
  else findings.push(...addUpConflict(problem, certificate.demands).faults)
  return { holds: findings.length === 0, findings, cost: null, provenBound: null, ...(claimed && { claimed }) }
}

const sideDemands = new Set(['relation', 'minutes', 'rest', 'mix', 'apart', 'together'])

function checkBound(problem: Problem, plan: Plan): Check {
  const findings = brokenRules(problem, plan.pairs)
  const { cost, shortages } = addUpPlan(problem, plan.pairs)
  if (plan.cost !== cost) findings.push(`It says that it costs ${plan.cost}; it costs ${cost}.`)
  const said = new Map(plan.shortages.map(({ target, missing }) => [target, missing]))
  const same = said.size === shortages.size && plan.shortages.length === said.size
  if (!same || [...shortages].some(([target, missing]) => said.get(target) !== missing))
    findings.push('The shortages that it states are not those it has.')
  const { certificate, lowerBound } = plan
  if (certificate.kind !== 'prices') {
    findings.push('It has a plan, and names a conflict.')
    return { holds: false, findings, cost, provenBound: null }
  }
  const { lowerBound: provenBound, faults } = addUpPrices(problem, certificate)
  findings.push(...faults)
  const { claimed } = certificate
  const trusted = Math.max(provenBound ?? -Infinity, claimed?.lowerBound ?? -Infinity)
  if (lowerBound === null || lowerBound > trusted)
    findings.push(`It says that no plan costs less than ${lowerBound}; its prices prove ${provenBound ?? 'nothing'}.`)
  if (lowerBound !== null && lowerBound > cost)
    findings.push(`No plan costs less than ${lowerBound}, it says; it costs ${cost}.`)
  if (plan.status === 'optimal' && lowerBound !== cost)
    findings.push(`It says that it is optimal; its bound is ${lowerBound}, and its cost ${cost}.`)
  const onWord = claimed && lowerBound !== null && lowerBound > (provenBound ?? -Infinity)
  return {
    holds: findings.length === 0,
    findings,
    cost,
    provenBound: provenBound ?? null,
    ...(onWord && { claimed: `That no plan costs less than ${lowerBound} was proved by ${claimed.by}.` }),
  }
}

/** A rule that a plan breaks. */
export interface Fault {
  readonly kind: FaultKind
  readonly participant?: string
  readonly target?: string
  /** Of a relation the second of the two, of rest the other target. */
  readonly other?: string
  /** What there is, and what is asked at least or at most: places, people, minutes. */
  readonly count?: number
  readonly limit?: number
  /** Of minutes the first of their time; of a mix its name. */
  readonly of?: number | string
  /** As a sentence. */
  readonly text: string
}

export type FaultKind =
  | 'pair'
  | 'twice'
  | 'pin'
  | 'participantMinimum'
  | 'participantMaximum'
  | 'minutes'
  | 'rest'
  | 'targetMinimum'
  | 'targetMaximum'
  | 'mix'
  | 'apart'
  | 'together'

/** Every rule that a plan breaks, as a sentence. Empty: it is one that may be carried out. */
export const brokenRules = (problem: Problem, pairs: readonly PinnedPair[]): string[] =>
  faultsOf(problem, pairs).map(({ text }) => text)

/** Every rule that a plan breaks. */
export function faultsOf(problem: Problem, pairs: readonly PinnedPair[]): Fault[] {
  const broken: Fault[] = []
  const say = (kind: FaultKind, text: string, about: Omit<Fault, 'kind' | 'text'>) =>
    broken.push({ kind, ...about, text })
  // Of the pairs that are possible only those that are asked for: half a million kept as sets would be most of what a check takes.
  const [asked, possible] = [new Pairs(pairs), new Pairs([])]
  const minutesEach = new Map<string, number>()
  for (const { participant, target, minutesEach: each } of problem.pairs) {
    if (!asked.has(participant, target)) continue
    possible.put(participant, target)
    if (each !== undefined) minutesEach.set(JSON.stringify([participant, target]), each)
  }
  const chosen = new Pairs([])
  const targetsOf = new Map<string, string[]>(problem.participants.map(({ id }) => [id, []]))
  const filled = new Map(problem.targets.map(({ id }) => [id, 0]))
  for (const { participant, target } of pairs) {
    const pair = { participant, target }
    if (!possible.has(participant, target)) {
      say('pair', `${participant} cannot do ${target}.`, pair)
      continue
    }
    if (chosen.has(participant, target)) say('twice', `${participant} is on ${target} twice.`, pair)
    chosen.put(participant, target)
    targetsOf.get(participant)!.push(target)
    filled.set(target, filled.get(target)! + 1)
  }
  for (const { participant, target } of problem.pins)
    if (!chosen.has(participant, target))
      say('pin', `${participant} is pinned to ${target}, and is not on it.`, { participant, target })

  const targets = new Map(problem.targets.map(target => [target.id, target]))
  for (const { id, minimum, maximum, minuteLimits = [], restMinutes = 0 } of problem.participants) {
    const his = targetsOf.get(id)!
    const load = { participant: id, count: his.length }
    if (his.length < minimum)
      say('participantMinimum', `${id} has ${his.length} targets; he takes ${minimum} at least.`, {
        ...load,
        limit: minimum,
      })
    if (his.length > maximum)
      say('participantMaximum', `${id} has ${his.length} targets; he takes ${maximum} at most.`, {
        ...load,
        limit: maximum,
      })
    const timed = his.map(target => targets.get(target)!).filter(({ occurrences = [] }) => occurrences.length > 0)
    for (const limit of minuteLimits) {
      const minutes = timed.reduce(
        (sum, target) => sum + minutesOf(target, limit, minutesEach.get(JSON.stringify([id, target.id]))),
        0,
      )
      const where = `from ${momentOf(limit.from)} to ${momentOf(limit.to)}`
      if (minutes > limit.maximum)
        say('minutes', `${id} has ${minutes} minutes ${where}; he has ${limit.maximum} at most.`, {
          ...{ participant: id, count: minutes, limit: limit.maximum, of: limit.from },
        })
    }
    broken.push(...tooClose(id, timed, restMinutes))
  }
  for (const { id, minimum, maximum, shortageCost, mixes } of problem.targets) {
    const count = filled.get(id)!
    if (count > maximum)
      say('targetMaximum', `${id} has ${count} people; there is room for ${maximum}.`, {
        ...{ target: id, count, limit: maximum },
      })
    if (count < minimum && shortageCost === undefined)
      say('targetMinimum', `${id} has ${count} people; it needs ${minimum}.`, { target: id, count, limit: minimum })
    for (const { name, minimum: least, participants } of mixes) {
      const among = [...new Set(participants)].filter(participant => chosen.has(participant, id)).length
      if (among < least)
        say('mix', `${id} has ${among} of ${name}; it needs ${least}.`, {
          ...{ target: id, count: among, limit: least, of: name },
        })
    }
  }
  for (const { kind, participants } of problem.relations) {
    const [one, other] = participants
    const met = new Set(targetsOf.get(one))
    const shared = (targetsOf.get(other) ?? []).filter(target => met.has(target))
    if (kind === 'apart')
      for (const target of shared)
        say('apart', `${one} and ${other} are on ${target}; they must not be together.`, {
          ...{ participant: one, other, target },
        })
    else if (shared.length < met.size || shared.length < (targetsOf.get(other) ?? []).length)
      say('together', `${one} and ${other} must be together, and one of them is on a target without the other.`, {
        ...{ participant: one, other },
      })
  }
  return broken
}

function tooClose(id: string, timed: readonly ProblemTarget[], rest: number): Fault[] {
  const times = timed.flatMap(({ id, occurrences = [] }) => occurrences.map(time => ({ target: id, ...time })))
  const inOrder = times.toSorted((one, other) => one.startsAt - other.startsAt || one.endsAt - other.endsAt)
  const broken = new Map<string, Fault>()
  // Whoever is not done is with the one who ends last, if with any.
  let last: (Occurrence & { target: string }) | undefined
  for (const time of inOrder) {
    if (last && last.endsAt + rest > time.startsAt) {
      const text = `${id} is on ${last.target} and ${time.target}, which overlap or leave less than ${rest} minutes of rest.`
      broken.set(text, {
        ...{ kind: 'rest', participant: id, target: time.target, other: last.target, limit: rest, text },
      })
    }
    if (!last || time.endsAt > last.endsAt) last = time
  }
  return [...broken.values()]
}

const momentOf = (minute: number) => new Date(minute * 60_000).toISOString().slice(0, 16)

/** Costs of pairs, loads, shortages and extras, and the places that stay empty. */
export function addUpPlan(problem: Problem, pairs: readonly PinnedPair[]) {
  const chosen = new Pairs(pairs)
  const [loads, filled] = [new Map<string, number>(), new Map<string, number>()]
  const shortages = new Map<string, number>()
  let cost = 0
  for (const pair of problem.pairs) {
    if (!chosen.has(pair.participant, pair.target)) continue
    cost += pair.cost
    loads.set(pair.participant, (loads.get(pair.participant) ?? 0) + 1)
    filled.set(pair.target, (filled.get(pair.target) ?? 0) + 1)
  }
  for (const { id, loadCosts } of problem.participants)
    for (let load = 0; load < (loads.get(id) ?? 0); load++) cost += loadCosts[load] ?? 0
  for (const { id, minimum, shortageCost, extraValue } of problem.targets) {
    const count = filled.get(id) ?? 0
    if (count > minimum) cost -= (count - minimum) * extraValue
    if (count < minimum) {
      shortages.set(id, minimum - count)
      cost += (minimum - count) * (shortageCost ?? 0)
    }
  }
  return { cost, shortages }
}
