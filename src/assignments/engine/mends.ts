import { addUpConflict } from './certificates.ts'
import type { Demand, Problem, ProblemParticipant, Relation } from './problem.ts'

/** One way to make a conflict go away; none of its kind is smaller. */
export type Mend =
  | { readonly kind: 'addParticipants'; readonly target: string; readonly by: number }
  | { readonly kind: 'lowerTargetMinimum'; readonly target: string; readonly by: number }
  | { readonly kind: 'raiseTargetMaximum'; readonly target: string; readonly by: number }
  | { readonly kind: 'raiseParticipantMaximum'; readonly participant: string; readonly by: number }
  | { readonly kind: 'lowerParticipantMinimum'; readonly participant: string; readonly by: number }
  | { readonly kind: 'unpin'; readonly participant: string; readonly target: string; readonly by: 1 }
  | { readonly kind: 'dropRelation'; readonly relation: Relation; readonly by: 1 }
  | { readonly kind: 'addToMix'; readonly target: string; readonly mix: string; readonly by: number }
  | { readonly kind: 'lowerMix'; readonly target: string; readonly mix: string; readonly by: number }
  /** By so many minutes, in the time that begins there. */
  | { readonly kind: 'raiseMinutes'; readonly participant: string; readonly from: number; readonly by: number }
  /** By so many minutes. */
  | { readonly kind: 'shortenRest'; readonly participant: string; readonly by: number }

/**
 * What would make the conflict go away, one way for each of its demands. Of an irreducible conflict every demand counts in the one
 * inequality that fails, so each alone makes up for the excess: by as much as it is, and not by less. None for a conflict of side
 * constraints, which is not counted: see `findSideMends`.
 */
export function mendsOf(problem: Problem, demands: readonly Demand[]): Mend[] {
  const { excess: by } = addUpConflict(problem, demands)
  if (by === undefined) return []
  return demands.flatMap((demand): Mend[] => {
    switch (demand.kind) {
      case 'targetMinimum':
        return [
          { kind: 'addParticipants', target: demand.target, by },
          { kind: 'lowerTargetMinimum', target: demand.target, by },
        ]
      case 'targetMaximum':
        return [{ kind: 'raiseTargetMaximum', target: demand.target, by }]
      case 'participantMinimum':
        return [{ kind: 'lowerParticipantMinimum', participant: demand.participant, by }]
      case 'participantMaximum':
        return [{ kind: 'raiseParticipantMaximum', participant: demand.participant, by }]
      case 'pin':
        return by === 1 ? [{ kind: 'unpin', participant: demand.participant, target: demand.target, by }] : []
      default:
        return []
    }
  })
}

/** The problem with the mend made: people who are added can do that target, once, at no cost. */
export function mendProblem(problem: Problem, mend: Mend): Problem {
  const { participants, targets } = problem
  switch (mend.kind) {
    case 'addParticipants':
      return added(problem, mend)
    case 'addToMix':
      return added(problem, mend)
    case 'lowerMix':
      return {
        ...problem,
        targets: changed(targets, mend.target, one => ({
          ...one,
          mixes: one.mixes.map(mix => (mix.name === mend.mix ? { ...mix, minimum: mix.minimum - mend.by } : mix)),
        })),
      }
    case 'raiseMinutes':
      return {
        ...problem,
        participants: changed(participants, mend.participant, one => ({
          ...one,
          minuteLimits: (one.minuteLimits ?? []).map(limit =>
            limit.from === mend.from ? { ...limit, maximum: limit.maximum + mend.by } : limit,
          ),
        })),
      }
    case 'shortenRest':
      return {
        ...problem,
        participants: changed(participants, mend.participant, one => ({
          ...one,
          restMinutes: (one.restMinutes ?? 0) - mend.by,
        })),
      }
    case 'dropRelation': {
      const relation = JSON.stringify(mend.relation)
      return { ...problem, relations: problem.relations.filter(each => JSON.stringify(each) !== relation) }
    }
    case 'lowerTargetMinimum':
      return { ...problem, targets: changed(targets, mend.target, one => ({ ...one, minimum: one.minimum - mend.by })) }
    case 'raiseTargetMaximum':
      return { ...problem, targets: changed(targets, mend.target, one => ({ ...one, maximum: one.maximum + mend.by })) }
    case 'lowerParticipantMinimum':
      return {
        ...problem,
        participants: changed(participants, mend.participant, one => ({ ...one, minimum: one.minimum - mend.by })),
      }
    case 'raiseParticipantMaximum':
      return {
        ...problem,
        participants: changed(participants, mend.participant, one => ({
          ...one,
          maximum: one.maximum + mend.by,
          // Each load beyond costs as much as the last that was foreseen: costs of loads never fall.
          loadCosts: [...one.loadCosts, ...Array<number>(mend.by).fill(one.loadCosts.at(-1) ?? 0)],
        })),
      }
    case 'unpin':
      return {
        ...problem,
        pins: problem.pins.filter(
          ({ participant, target }) => participant !== mend.participant || target !== mend.target,
        ),
      }
  }
}

function added(problem: Problem, { target, by, mix }: { target: string; by: number; mix?: string }): Problem {
  const taken = new Set(problem.participants.map(({ id }) => id))
  const ids: string[] = []
  for (let number = 1; ids.length < by; number++) if (!taken.has(`added-${number}`)) ids.push(`added-${number}`)
  const people = ids.map((id): ProblemParticipant => ({ id, minimum: 0, maximum: 1, loadCosts: [0] }))
  return {
    ...problem,
    participants: [...problem.participants, ...people],
    pairs: [...problem.pairs, ...ids.map(participant => ({ participant, target, cost: 0 }))],
    targets: changed(problem.targets, target, one => ({
      ...one,
      mixes: one.mixes.map(each =>
        each.name === mix ? { ...each, participants: [...each.participants, ...ids] } : each,
      ),
    })),
  }
}

const changed = <T extends { readonly id: string }>(list: readonly T[], id: string, change: (one: T) => T): T[] =>
  list.map(one => (one.id === id ? change(one) : one))
