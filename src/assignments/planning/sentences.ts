// What the engine says by ids, as the people of a domain say it.
import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { uuid } from '#platform/http'
import { type Words, wordsOf } from '../domains/configurations.ts'
import { getDomain } from '../domains/domains.ts'
import type { Fault } from '../engine/checks.ts'
import { type Mend, mendsOf } from '../engine/mends.ts'
import type { Demand, Plan, Problem } from '../engine/problem.ts'
import { findSideMends } from '../engine/side-mends.ts'

/** Why a round has no plan: what cannot be had together, and what would mend it. */
export const Conflict = Type.Object({
  demands: Type.Array(
    Type.Object({
      kind: Type.String({ examples: ['targetMinimum'] }),
      text: Type.String({ examples: ['The door needs 3 stewards.'] }),
      participantId: Type.Optional(uuid),
      targetId: Type.Optional(uuid),
    }),
    { description: 'Together they cannot be met; leave any one out, and the others can' },
  ),
  mends: Type.Array(
    Type.Object({
      kind: Type.String({ examples: ['addParticipants'] }),
      text: Type.String({ examples: ['One more steward with first aid for the door'] }),
      by: Type.Integer(),
      participantId: Type.Optional(uuid),
      targetId: Type.Optional(uuid),
    }),
    { description: 'Each alone makes this conflict go away; the smallest of its kind' },
  ),
})
export type Conflict = Static<typeof Conflict>

/** A rule that a plan breaks, in the domain's words. */
export const SaidFault = Type.Object({
  rule: Type.String({ examples: ['capacity_check'] }),
  message: Type.String({ examples: ['Kitchen has 3 cooks, and room for 2.'] }),
  participantId: Type.Optional(uuid),
  targetId: Type.Optional(uuid),
})
export type SaidFault = Static<typeof SaidFault>

/** As a run keeps it: with the numbers of the round as it was, without names. */
export type KeptConflict = { demands: (Demand & { count?: number })[]; mends: Mend[] }

/** For so many seconds mends of hours, rest, mixes and pairs of people are looked for. */
const secondsForMends = 5

export async function conflictOf(problem: Problem, plan: Plan | null): Promise<KeptConflict | null> {
  const certificate = plan?.certificate
  if (certificate?.kind !== 'conflict') return null
  const people = new Map(problem.participants.map(each => [each.id, each]))
  const targets = new Map(problem.targets.map(each => [each.id, each]))
  const countOf = (demand: Demand): number | undefined => {
    switch (demand.kind) {
      case 'targetMinimum':
        return targets.get(demand.target)?.minimum
      case 'targetMaximum':
        return targets.get(demand.target)?.maximum
      case 'participantMinimum':
        return people.get(demand.participant)?.minimum
      case 'participantMaximum':
        return people.get(demand.participant)?.maximum
      default:
        return undefined
    }
  }
  const demands = certificate.demands.map(demand => {
    const count = countOf(demand)
    return { ...demand, ...(count !== undefined && { count }) }
  })
  const mends = mendsOf(problem, certificate.demands)
  if (mends.length > 0) return { demands, mends }
  return { demands, mends: await findSideMends({ problem, demands: certificate.demands }, secondsForMends) }
}

/** Names of people and targets by id, for whatever names them. */
export class Names {
  private readonly names: ReadonlyMap<string, string>
  private readonly skills: ReadonlyMap<string, readonly string[]>

  private constructor(names: ReadonlyMap<string, string>, skills: ReadonlyMap<string, readonly string[]>) {
    this.names = names
    this.skills = skills
  }

  /** Of those that `said` names anywhere. */
  static async in(tx: Reader, said: unknown): Promise<Names> {
    const ids = [...new Set(JSON.stringify(said ?? null).match(anyUuid) ?? [])]
    if (ids.length === 0) return new Names(new Map(), new Map())
    const rows = await tx.run<{ id: string; name: string; skills: string[] | null }>(sql`
      select id, name, null as skills
      from assignments.participants
      where id = any (${ids}::uuid[])
      union all
      select id, name, required_skills
      from assignments.assignment_targets
      where id = any (${ids}::uuid[])
    `)
    return new Names(new Map(rows.map(row => [row.id, row.name])), new Map(rows.map(row => [row.id, row.skills ?? []])))
  }

  of(id: string): string {
    return this.names.get(id) ?? 'somebody or something that is gone'
  }

  skillsFor(target: string): readonly string[] {
    return this.skills.get(target) ?? []
  }

  /** A sentence with ids as one with names. */
  put(sentence: string): string {
    return sentence.replace(anyUuid, id => this.of(id))
  }
}

const anyUuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

export async function readWords(tx: Reader, domainId: string): Promise<Words> {
  return wordsOf((await getDomain(tx, domainId)).configuration)
}

/** In the domain's words. */
export function sayConflict({ demands, mends }: KeptConflict, words: Words, names: Names): Conflict {
  return {
    demands: demands.map(demand => ({
      kind: demand.kind,
      text: sayDemand(demand, words, names),
      ...('participant' in demand && { participantId: demand.participant }),
      ...('target' in demand && { targetId: demand.target }),
    })),
    mends: mends.map(mend => ({
      kind: mend.kind,
      text: sayMend(mend, words, names),
      by: mend.by,
      ...('participant' in mend && { participantId: mend.participant }),
      ...('target' in mend && { targetId: mend.target }),
    })),
  }
}

function sayDemand(demand: KeptConflict['demands'][number], { participant, target }: Words, names: Names): string {
  const { count = 0 } = demand
  const people = count === 1 ? participant.singular : participant.plural
  const places = count === 1 ? target.singular : target.plural
  const both = ([one, other]: readonly [string, string]) => `${names.of(one)} and ${names.of(other)}`
  switch (demand.kind) {
    case 'targetMinimum':
      return `${names.of(demand.target)} needs ${count} ${people}.`
    case 'targetMaximum':
      return `${names.of(demand.target)} has room for ${count} ${people}.`
    case 'participantMinimum':
      return `${names.of(demand.participant)} takes at least ${count} ${places}.`
    case 'participantMaximum':
      return `${names.of(demand.participant)} takes at most ${count} ${places}.`
    case 'pin':
      return `${names.of(demand.participant)} is pinned on ${names.of(demand.target)}.`
    case 'relation':
      return `${both(demand.relation.participants)} must ${demand.relation.kind === 'apart' ? 'not ' : ''}be together.`
    case 'minutes':
      return `${names.of(demand.participant)} has only so many hours.`
    case 'rest':
      return `${names.of(demand.participant)} is on one of ${demand.targets.map(id => names.of(id)).join(', ')} only: they overlap, or leave too little rest.`
    case 'mix':
      return `${names.of(demand.target)} needs ${demand.mix}.`
    case 'apart':
      return `${both(demand.participants)} must not be together on ${names.of(demand.target)}.`
    case 'together':
      return `${both(demand.participants)} are on ${names.of(demand.target)} together, or neither is.`
  }
}

function sayMend(mend: Mend, { participant, target }: Words, names: Names): string {
  const { by } = mend
  const places = by === 1 ? target.singular : target.plural
  switch (mend.kind) {
    case 'addParticipants': {
      const skills = names.skillsFor(mend.target)
      const people = by === 1 ? participant.singular : participant.plural
      return `${numbered(by)} more ${people}${skills.length > 0 ? ` with ${skills.join(' and ')}` : ''} for ${names.of(mend.target)}`
    }
    case 'lowerTargetMinimum':
      return `${numbered(by)} ${by === 1 ? 'place' : 'places'} fewer on ${names.of(mend.target)}`
    case 'raiseTargetMaximum':
      return `Room for ${numbered(by).toLowerCase()} more on ${names.of(mend.target)}`
    case 'raiseParticipantMaximum':
      return `${names.of(mend.participant)} takes ${numbered(by).toLowerCase()} ${places} more`
    case 'lowerParticipantMinimum':
      return `${names.of(mend.participant)} may have ${numbered(by).toLowerCase()} ${places} fewer`
    case 'unpin':
      return `${names.of(mend.participant)} is no longer pinned on ${names.of(mend.target)}`
    case 'dropRelation': {
      const both = mend.relation.participants.map(id => names.of(id)).toSorted()
      return `${both.join(' and ')} ${mend.relation.kind === 'apart' ? 'may' : 'need not'} be together`
    }
    case 'addToMix': {
      const people = by === 1 ? participant.singular : participant.plural
      return `${numbered(by)} more ${people} with ${skillIn(mend.mix)} for ${names.of(mend.target)}`
    }
    case 'lowerMix':
      return `${numbered(by)} fewer with ${skillIn(mend.mix)} on ${names.of(mend.target)}`
    case 'raiseMinutes':
      return `${names.of(mend.participant)} takes ${hours(by)} more in a week`
    case 'shortenRest':
      return `${names.of(mend.participant)} has ${hours(by)} less of rest between two ${target.plural}`
  }
}

/** What a mix asks for, without how many. */
const skillIn = (mix: string) => mix.replace(/^\d+ × /, '')

const numbered = (count: number) =>
  ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten'][count] ?? String(count)

export const sayFaults = (faults: readonly Fault[], words: Words, names: Names): SaidFault[] =>
  faults.map(fault => ({
    rule: ruleOf(fault.kind),
    message: sayFault(fault, words, names),
    ...(fault.participant !== undefined && { participantId: fault.participant }),
    ...(fault.target !== undefined && { targetId: fault.target }),
  }))

function ruleOf(kind: Fault['kind']): string {
  switch (kind) {
    case 'pair':
      return 'eligibility'
    case 'minutes':
      return 'hours'
    case 'mix':
      return 'skill_mix'
    case 'rest':
    case 'pin':
    case 'apart':
    case 'together':
      return kind
    default:
      return 'capacity_check'
  }
}

function sayFault(
  { kind, count = 0, limit = 0, ...about }: Fault,
  { participant, target }: Words,
  names: Names,
): string {
  const [person, place] = [names.of(about.participant ?? ''), names.of(about.target ?? '')]
  const other = names.of(about.other ?? '')
  const people = (number: number) => `${number} ${number === 1 ? participant.singular : participant.plural}`
  const places = (number: number) => `${number} ${number === 1 ? target.singular : target.plural}`
  switch (kind) {
    case 'pair':
      return `${person} cannot be on ${place}.`
    case 'twice':
      return `${person} is on ${place} twice.`
    case 'pin':
      return `${person} is pinned on ${place}. Take the pin away first.`
    case 'participantMinimum':
      return `${person} has ${places(count)}, and takes ${limit} at least.`
    case 'participantMaximum':
      return `${person} has ${places(count)}, and takes ${limit} at most.`
    case 'minutes':
      return `${person} has ${hours(count)} in a week, and may have ${hours(limit)}.`
    case 'rest':
      return `${person} is on ${place} and ${other}, which overlap${limit > 0 ? ` or leave less than ${hours(limit)} of rest` : ''}.`
    case 'targetMinimum':
      return `${place} has ${people(count)}, and needs ${limit}.`
    case 'targetMaximum':
      return `${place} has ${people(count)}, and room for ${limit}.`
    case 'mix':
      return `${place} has ${count} of ${about.of}.`
    case 'apart':
      return `${person} and ${other} must not be together on ${place}.`
    case 'together':
      return `${person} and ${other} must be together.`
  }
}

const hours = (minutes: number) => `${Math.round(minutes / 6) / 10} h`
