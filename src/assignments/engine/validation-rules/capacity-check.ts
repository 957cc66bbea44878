import type { ValidationRule, Violation } from './validation-rule.ts'

export const capacityCheck: ValidationRule = {
  name: 'capacity_check',
  describe: 'People have room for all places that must be filled, and each target gets as many as it needs and holds.',
  check: ({ problem, plan }) => {
    const violations: Violation[] = []
    const needed = problem.targets.reduce((sum, { minimum }) => sum + minimum, 0)
    const available = problem.participants.reduce((sum, { maximum }) => sum + maximum, 0)
    if (available < needed)
      violations.push({ rule: 'capacity_check', needed, available, missing: [`${needed - available} places`] })
    if (!plan) return violations
    for (const { id, minimum, maximum } of problem.targets) {
      const count = plan.pairs.filter(({ target }) => target === id).length
      if (count < minimum || count > maximum)
        violations.push({
          ...{ rule: 'capacity_check', target: id, needed: count < minimum ? minimum : maximum, available: count },
          missing: count < minimum ? [`${minimum - count} people`] : [],
        })
    }
    for (const { id, minimum, maximum } of problem.participants) {
      const count = plan.pairs.filter(({ participant }) => participant === id).length
      if (count < minimum || count > maximum)
        violations.push({
          ...{ rule: 'capacity_check', participant: id, needed: count < minimum ? minimum : maximum, available: count },
          missing: count < minimum ? [`${minimum - count} targets`] : [],
        })
    }
    return violations
  },
}
