import { exclusionCheck } from './exclusion-check.ts'
import type { ValidationRule, Violation } from './validation-rule.ts'

const single = exclusionCheck(
  'skill_matching',
  'Nobody is on a target without the skills that it asks for, and some have those that it asks of some.',
  ['has the skills for it', 'have the skills for it'],
)

export const skillMatching: ValidationRule = {
  ...single,
  check: round => [
    ...single.check(round),
    ...round.problem.targets.flatMap(({ id, mixes }) =>
      mixes
        .filter(({ minimum, participants }) => participants.length < minimum)
        .map(
          ({ name, minimum, participants }): Violation => ({
            ...{ rule: single.name, target: id, mix: name, needed: minimum, available: participants.length },
            missing: [name],
          }),
        ),
    ),
  ],
  say(violation, nameOf) {
    const { target = '', mix, available = 0 } = violation
    if (mix === undefined) return single.say(violation, nameOf)
    return `${nameOf(target)} needs ${mix}, and ${available} of those who can be there ${available === 1 ? 'has' : 'have'} it.`
  },
}
