import type { Check, Finding } from '#platform/checks.ts'
import type { ReplicaStatus } from '#platform/database'
import { finding } from './findings.ts'

export const replicaChecks: readonly Check[] = [
  {
    code: 'replicas.unfit',
    title: 'PE-12: replicas of DATABASE_REPLICA_URLS that reports cannot be read from',
    isAlarm: true,
    async run({ app }) {
      await app.replicas?.look('all')
      return (app.replicas?.statuses ?? []).flatMap(findingOf)
    },
  },
]

function findingOf({ name, state, reason }: ReplicaStatus): Finding[] {
  const says = (what: string) => `The replica ${name} ${what}: ${reason}. Reports go to the main database.`
  switch (state) {
    case 'refused':
      return [
        finding(
          'critical',
          name,
          says('is not used'),
          'Make it a streaming replica of this database (Operations, "Read replicas"), or take it out of DATABASE_REPLICA_URLS.',
        ),
      ]
    case 'away':
      return [finding('warning', name, says('does not answer'), 'See that it runs, and that this program reaches it.')]
    case 'behind':
      return [
        finding(
          'warning',
          name,
          says('is too far behind'),
          'See whether its replay is paused, its disk slow or its line too narrow: Operations, Health, Replication.',
        ),
      ]
    default:
      return []
  }
}
