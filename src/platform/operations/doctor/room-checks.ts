import { statfs } from 'node:fs/promises'
import type { Check } from '#platform/checks.ts'
import { countConnections, findOldestTransaction } from '../health/connections.ts'
import { listBlocked } from '../health/locks.ts'
import { listPartitionHorizons } from '../health/partitions.ts'
import { readReplication } from '../health/replication.ts'
import { lastTransaction, listSequenceRoom, readTransactionRoom } from '../health/room.ts'
import { bytesInWords, finding, percent, timeInWords } from './findings.ts'

const gigabyte = 1e9

export const roomChecks: readonly Check[] = [
  {
    code: 'disk.space',
    title: 'Room on the disk of the data directory',
    isAlarm: true,
    async run({ app }) {
      if (!app.administration) return []
      const { dataDirectory, isEmbedded } = app.administration
      // With a server elsewhere there may be none yet.
      const disk = await statfs(dataDirectory).catch(unlessMissing)
      if (!disk) return []
      const { bavail, bsize, blocks } = disk
      const [free, all] = [bavail * bsize, blocks * bsize]
      const isTight = free < all * 0.05 || free < 0.5 * gigabyte
      if (!isTight && free > all * 0.1 && free > 2 * gigabyte) return []
      return [
        finding(
          isTight ? 'critical' : 'warning',
          dataDirectory,
          `${bytesInWords(free)} of ${bytesInWords(all)} are free where ${dataDirectory} lies.`,
          isEmbedded
            ? 'A full disk stops the database. Remove what is not needed there, or move the data directory to a larger disk.'
            : 'Remove what is not needed there: exports and files are written to it.',
        ),
      ]
    },
  },
  {
    code: 'partitions.short',
    title: 'GG-15: room for the rows of the months ahead',
    isAlarm: true,
    isEverywhere: true,
    async run({ tx, app }) {
      const now = app.clock.now().getTime()
      return (await listPartitionHorizons(tx))
        .filter(({ isShort }) => isShort)
        .map(({ table, madeUntil }) => {
          const days = madeUntil ? (madeUntil.getTime() - now) / 86_400_000 : 0
          return finding(
            days < 7 ? 'critical' : 'warning',
            table,
            madeUntil
              ? `${table} takes rows until ${madeUntil.toISOString().slice(0, 10)} only: the daily job has not made its partitions.`
              : `${table} has no partitions and takes no rows.`,
            'select platform.ensure_month_partitions(); and see that a worker runs',
          )
        })
    },
  },
  {
    code: 'transactions.ids',
    title: 'Transaction numbers that are left',
    isAlarm: true,
    isEverywhere: true,
    async run({ tx }) {
      const room = await readTransactionRoom(tx, 1)
      const [oldest] = room.tables
      return (
        [
          ['transaction', room.xidAge],
          ['multixact', room.multixactAge],
        ] as const
      )
        .filter(([, age]) => age > 500e6)
        .map(([kind, age]) =>
          finding(
            age > 1.5e9 ? 'critical' : 'warning',
            kind,
            `${percent(age / lastTransaction)} of the ${kind} numbers are used since the oldest row was frozen; at the end the server stops writing.`,
            `End old transactions and drop forgotten slots, then: vacuum (freeze) ${oldest?.name ?? ''};`.replace(
              ' ;',
              ';',
            ),
          ),
        )
    },
  },
  {
    code: 'sequences.room',
    title: 'Numbers that sequences have left',
    isEverywhere: true,
    run: async ({ tx }) =>
      (await listSequenceRoom(tx))
        .filter(({ used }) => used > 0.7)
        .map(({ name, column, used, most }) =>
          finding(
            used > 0.9 ? 'critical' : 'warning',
            name,
            `${percent(used)} of the numbers of ${name} are used${column ? ` (for ${column})` : ''}; after ${most} nothing can be inserted.`,
            column
              ? `Make the column a bigint in a migration: alter table ${column.slice(0, column.lastIndexOf('.'))} alter column ${column.slice(column.lastIndexOf('.') + 1)} type bigint;`
              : `alter sequence ${name} as bigint;`,
          ),
        ),
  },
  {
    code: 'transactions.long',
    title: 'Transactions that are open for long',
    isAlarm: true,
    isEverywhere: true,
    async run({ tx }) {
      const oldest = await findOldestTransaction(tx)
      if (!oldest || oldest.seconds < 3_600) return []
      return [
        finding(
          oldest.seconds > 6 * 3_600 ? 'critical' : 'warning',
          oldest.pid === null ? oldest.what : 'oldest',
          `A transaction is open for ${timeInWords(oldest.seconds)}: ${oldest.what}. Until it ends no dead row goes.`,
          oldest.pid === null
            ? `If nobody will end it: rollback prepared '${oldest.what.replace('the prepared transaction ', '')}';`
            : `If it does nothing that is needed: select pg_terminate_backend(${oldest.pid});`,
        ),
      ]
    },
  },
  {
    code: 'locks.blocked',
    title: 'Sessions that wait for a lock longer than a minute',
    isAlarm: true,
    isEverywhere: true,
    async run({ tx }) {
      const blocked = await listBlocked(tx, 60)
      const [longest] = blocked
      if (!longest) return []
      const pids = [...new Set(blocked.map(({ by }) => by))].join(', ')
      return [
        finding(
          longest.seconds > 600 ? 'critical' : 'warning',
          'locks',
          `${blocked.length} ${blocked.length === 1 ? 'session waits' : 'sessions wait'} for a lock, the longest for ${timeInWords(longest.seconds)} (${longest.wants}), because of the process ${pids}.`,
          `Look at who blocks whom (Operations, Health, Locks); to end one: select pg_terminate_backend(${longest.by.split(', ')[0]});`,
        ),
      ]
    },
  },
  {
    code: 'connections.limit',
    title: 'Connections against how many may be',
    isAlarm: true,
    async run({ tx }) {
      const { used, limit } = await countConnections(tx)
      if (used < limit * 0.8) return []
      return [
        finding(
          used >= limit * 0.95 ? 'critical' : 'warning',
          'server',
          `${used} of ${limit} connections are in use.`,
          'Lower DATABASE_POOL_SIZE, run fewer programs, put a pooler in between, or raise max_connections.',
        ),
      ]
    },
  },
  {
    code: 'replication.lag',
    title: 'Replicas and slots that are behind',
    isAlarm: true,
    async run({ tx }) {
      const { standbys, slots } = await readReplication(tx)
      return [
        ...standbys
          .filter(({ lagBytes }) => lagBytes > gigabyte)
          .map(({ name, lagBytes }) =>
            finding(
              lagBytes > 10 * gigabyte ? 'critical' : 'warning',
              name,
              `The replica ${name} is ${bytesInWords(lagBytes)} behind.`,
              'Look at its disk and network, and for long queries on it.',
            ),
          ),
        ...slots
          .filter(
            ({ walStatus, keptBytes, isActive }) =>
              walStatus === 'lost' || walStatus === 'unreserved' || (keptBytes ?? 0) > (isActive ? 10 : 1) * gigabyte,
          )
          .map(({ name, walStatus, keptBytes, isActive }) =>
            finding(
              walStatus === 'lost' || (keptBytes ?? 0) > 10 * gigabyte ? 'critical' : 'warning',
              name,
              walStatus === 'lost'
                ? `The slot ${name} has lost WAL that it needs: whoever uses it has to begin anew.`
                : `For the slot ${name}, ${isActive ? 'in use' : 'which nobody uses'}, ${bytesInWords(keptBytes ?? 0)} of WAL are kept.`,
              `If nobody comes back for it: select pg_drop_replication_slot('${name}');`,
            ),
          ),
      ]
    },
  },
]

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
