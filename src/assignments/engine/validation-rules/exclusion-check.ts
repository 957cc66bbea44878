import type { ValidationRule, Violation } from './validation-rule.ts'

/**
 * A rule about who can do what: tells of people on a target that they are excluded from by it, and of targets that it leaves too
 * few people for, with what those who come closest are missing. `words` say what the others are or have: "is free then".
 */
export function exclusionCheck(name: string, describe: string, words: readonly [one: string, many: string]) {
  return {
    name,
    describe,
    check: ({ problem, plan, exclusions }) => {
      const own = exclusions.filter(({ rule }) => rule === name)
      const planned = new Set(plan?.pairs.map(({ participant, target }) => `${participant} ${target}`))
      const violations: Violation[] = own
        .filter(({ participant, target }) => planned.has(`${participant} ${target}`))
        .map(({ participant, target, missing }) => ({ rule: name, participant, target, missing }))
      const byTarget = Map.groupBy(own, ({ target }) => target)
      for (const { id, minimum } of problem.targets) {
        const excluded = byTarget.get(id) ?? []
        const available = problem.participants.length - excluded.length
        if (available >= minimum || excluded.length === 0) continue
        const closest = excluded.toSorted((one, other) => one.missing.length - other.missing.length)
        const missing = closest.slice(0, minimum - available).flatMap(exclusion => exclusion.missing)
        violations.push({ rule: name, target: id, needed: minimum, available, missing: [...new Set(missing)] })
      }
      return violations
    },
    say({ target = '', participant, needed = 0, available = 0, missing }, nameOf) {
      if (participant !== undefined)
        return `${nameOf(participant)} is on ${nameOf(target)}, and lacks for it: ${missing.join(', ')}.`
      return `${nameOf(target)} needs ${needed}, and ${available} ${words[available === 1 ? 0 : 1]}.`
    },
  } satisfies ValidationRule
}
