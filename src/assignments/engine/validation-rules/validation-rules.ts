import { Registry } from '../registry.ts'
import { capacityCheck } from './capacity-check.ts'
import { exclusionCheck } from './exclusion-check.ts'
import { skillMatching } from './skill-matching.ts'
import type { ValidationRule } from './validation-rule.ts'

/**
 * Rules that a round is held against before and after it is planned; a module adds its own with `add`, one that takes parameters as
 * `ruleWithParameters` makes it. A domain gives parameters to a rule under its name in `businessRules`; they are held against the
 * rule's schema when the domain is stored. There twice with other parameters, it is asked twice.
 */
export const validationRules = new Registry<ValidationRule>([
  capacityCheck,
  exclusionCheck('availability_check', 'Nobody is on a target at a time at which he is not available.', [
    'is free then',
    'are free then',
  ]),
  skillMatching,
])
