import type { ValidationRule, Violation } from './validation-rule.ts'

/**
 * A rule about who can do what: tells of people on a target that they are excluded from by it, and of targets that too few could do
 * because of it, with what those who come closest are missing.
 */
export function exclusionCheck(name: string, describe: string): ValidationRule {
  return {
    name,
    describe,
    check: ({ problem, plan, exclusions }) => {
      const own = exclusions.filter(({ rule }) => rule === name)
      const violations: Violation[] = []
      for (const { participant, target, missing } of own)
        if (plan?.pairs.some(pair => pair.participant === participant && pair.target === target))
          violations.push({ rule: name, participant, target, missing })
      for (const { id, minimum } of problem.targets) {
        const available = problem.pairs.filter(({ target }) => target === id).length
        const excluded = own.filter(({ target }) => target === id)
        if (available >= minimum || excluded.length === 0) continue
        const closest = excluded.toSorted((one, other) => one.missing.length - other.missing.length)
        const missing = closest.slice(0, minimum - available).flatMap(exclusion => exclusion.missing)
        violations.push({ rule: name, target: id, needed: minimum, available, missing: [...new Set(missing)] })
      }
      return violations
    },
  }
}
