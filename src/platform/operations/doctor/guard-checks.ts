import { findGuardFaults } from '#platform/audit'
import type { Check } from '#platform/checks.ts'
import { finding } from './findings.ts'

/** What keeps the audit log whole while it is written: whoever puts it out of the way is not in what is sealed. */
export const guardChecks: readonly Check[] = [
  {
    code: 'audit.guards',
    title: 'PE-07, GG-19: nothing by which changes would pass the audit log by, or entries be changed',
    isAlarm: true,
    isEverywhere: true,
    run: async ({ tx }) =>
      (await findGuardFaults(tx)).map(({ object, message, advice }) =>
        finding('critical', object, `${message}.`, advice),
      ),
  },
]
