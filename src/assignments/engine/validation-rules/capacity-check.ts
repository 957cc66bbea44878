import type { Validated, ValidationRule, Violation } from './validation-rule.ts'

export const capacityCheck: ValidationRule = {
  name: 'capacity_check',
  describe: 'People have room for all places that must be filled, and each target gets as many as it needs and holds.',
  check: round => [...shortageOfAll(round), ...shortages(round), ...misfits(round)],
  say({ target, participant, needed = 0, available = 0, missing }, nameOf) {
    if (target === undefined && participant === undefined)
      return `The round has ${needed} ${needed === 1 ? 'place' : 'places'} to fill, and its people take ${available} together.`
    if (participant !== undefined)
      return `${nameOf(participant)} takes ${missing.length > 0 ? 'at least' : 'at most'} ${needed}, and has ${available}.`
    return `${nameOf(target ?? '')} ${missing.length > 0 ? 'needs' : 'has room for'} ${needed}, and ${available} can be there.`
  },
}

function shortageOfAll({ problem }: Validated): Violation[] {
  const needed = problem.targets
    .filter(({ shortageCost }) => shortageCost === undefined)
    .reduce((sum, { minimum }) => sum + minimum, 0)
  const available = problem.participants.reduce((sum, { maximum }) => sum + maximum, 0)
  if (available >= needed) return []
  return [{ rule: 'capacity_check', needed, available, missing: [`${needed - available} places`] }]
}

/** Of targets for which each rule by itself leaves enough people, all of them together do not. */
function shortages({ problem, exclusions }: Validated): Violation[] {
  const byTarget = Map.groupBy(exclusions, ({ target }) => target)
  return problem.targets.flatMap(({ id, minimum }): Violation[] => {
    const excluded = byTarget.get(id) ?? []
    const available = problem.participants.length - new Set(excluded.map(({ participant }) => participant)).size
    const alone = Map.groupBy(excluded, ({ rule }) => rule)
    const isTold = [...alone].some(
      ([rule, { length }]) => rule !== 'capacity_check' && problem.participants.length - length < minimum,
    )
    if (available >= minimum || isTold) return []
    return [
      {
        ...{ rule: 'capacity_check', target: id, needed: minimum, available },
        missing: [`${minimum - available} people`],
      },
    ]
  })
}

/** What the plan has too few or too many of. */
function misfits({ problem, plan }: Validated): Violation[] {
  if (!plan) return []
  const onTarget = Map.groupBy(plan.pairs, ({ target }) => target)
  const ofParticipant = Map.groupBy(plan.pairs, ({ participant }) => participant)
  const misfit = (count: number, { minimum, maximum }: { minimum: number; maximum: number }, what: string) => ({
    ...{ rule: 'capacity_check', needed: count < minimum ? minimum : maximum, available: count },
    missing: count < minimum ? [`${minimum - count} ${what}`] : [],
  })
  const fits = (count: number, { minimum, maximum }: { minimum: number; maximum: number }) =>
    minimum <= count && count <= maximum
  return [
    ...problem.targets.flatMap((target): Violation[] => {
      const count = onTarget.get(target.id)?.length ?? 0
      return fits(count, target) ? [] : [{ ...misfit(count, target, 'people'), target: target.id }]
    }),
    ...problem.participants.flatMap((participant): Violation[] => {
      const count = ofParticipant.get(participant.id)?.length ?? 0
      return fits(count, participant) ? [] : [{ ...misfit(count, participant, 'targets'), participant: participant.id }]
    }),
  ]
}
