import { auditState, countCriticalEvents, listDeliveries, listVerifications } from '#platform/audit'
import type { Check } from '#platform/checks.ts'
import { finding, timeInWords } from './findings.ts'

const advice = 'The page Operations, Audit log; commonhold audit state and audit verify.'
const securityAdvice = 'The page Security events, under Installation, with who, from where and what exactly.'

export const auditChecks: readonly Check[] = [
  {
    code: 'audit.unsound',
    title: 'PE-07: what the last verification of the audit log found',
    isAlarm: true,
    async run({ app }) {
      const runs = await listVerifications(app.db.unscoped, 100)
      const ended = runs.filter(({ state }) => state === 'sound' || state === 'unsound' || state === 'failed')
      const last = [...new Map(ended.toReversed().map(run => [run.database, run])).values()]
      return last.flatMap(({ database, state, counts, failure }) => {
        if (state === 'sound') return []
        const kinds = Object.entries(counts).map(([kind, count]) => `${count} ${kind.replaceAll('_', ' ')}`)
        const where = database === null ? '' : ` of ${database}`
        return state === 'unsound'
          ? [
              finding(
                'critical',
                database ?? '',
                `The audit log${where} is not as it was sealed: ${kinds.join(', ')}.`,
                advice,
              ),
            ]
          : [finding('warning', database ?? '', `The audit log${where} could not be verified: ${failure}.`, advice)]
      })
    },
  },
  {
    code: 'audit.sealing_behind',
    title: 'PE-07: entries that wait to be sealed, and checkpoints that do not reach where they are kept',
    isAlarm: true,
    async run({ app }) {
      const { lagSeconds } = await auditState(app.db.unscoped)
      const late = (await listDeliveries(app.db.unscoped)).filter(({ failures }) => failures >= 3)
      return [
        ...(lagSeconds > 120
          ? [finding('warning', '', `The oldest entry that is not sealed is ${timeInWords(lagSeconds)} old.`, advice)]
          : []),
        ...late.map(({ destination, failures, lastError }) =>
          finding(
            'warning',
            destination,
            `Checkpoints did not reach ${destination} ${failures} times in a row: ${lastError ?? 'no reason is known'}.`,
            'See that it answers. Until it does, the log can be taken back to the last checkpoint that it has, and nobody will know.',
          ),
        ),
      ]
    },
  },
  {
    code: 'security.critical_events',
    title: 'MT-22: critical security events of the last day',
    isAlarm: true,
    async run({ app }) {
      const found = await countCriticalEvents(app.db.scoped({ system: true }))
      return found.map(({ event, description, occurrences }) => {
        const often = occurrences > 1 ? ` ${occurrences} times` : ''
        return finding('critical', event, `${description}${often}, in the last day.`, securityAdvice)
      })
    },
  },
]
