import type { App } from '#platform/app.ts'
import type { ReplicaStatus } from '#platform/database'
import type { GaugeDeclaration } from '#platform/module.ts'

const each =
  (value: (status: ReplicaStatus) => number | null): GaugeDeclaration['read'] =>
  async ({ replicas }: App) =>
    (replicas?.statuses ?? []).flatMap(status => {
      const known = value(status)
      return known === null ? [] : [{ labels: { replica: status.name }, value: known }]
    })

/** PE-12: how this process reads reports. */
export const replicaGauges: readonly GaugeDeclaration[] = [
  {
    name: 'database_replica_usable',
    help: 'Whether reports are read from this replica now: 1 or 0',
    labelNames: ['replica'],
    read: each(({ state }) => (state === 'ready' ? 1 : 0)),
  },
  {
    name: 'database_replica_lag_seconds',
    help: 'How old at most is what this replica shows',
    labelNames: ['replica'],
    read: each(({ lagSeconds }) => lagSeconds),
  },
  {
    name: 'database_replica_statements',
    help: 'Statements of reports that this replica has answered since the process began',
    labelNames: ['replica'],
    read: each(({ answered }) => answered),
  },
  {
    name: 'database_report_fallbacks',
    help: 'Reports that went to the main database: no replica could be asked, none had what the caller had seen, or one failed',
    labelNames: ['reason'],
    read: async ({ replicas }) =>
      Object.entries(replicas?.fallbacks ?? {}).map(([reason, value]) => ({ labels: { reason }, value })),
  },
]
