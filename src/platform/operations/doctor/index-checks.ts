import type { Check } from '#platform/checks.ts'
import { listIndexBloat, listTableBloat } from '../health/bloat.ts'
import { listDuplicateIndexes, listIndexes, listInvalidIndexes, listUnindexedKeys } from '../health/indexes.ts'
import { bytesInWords, finding, percent } from './findings.ts'

/** Statistics of fewer days say nothing of what is needed once a month. */
const unusedAfterDays = 30

export const indexChecks: readonly Check[] = [
  {
    code: 'indexes.invalid',
    title: 'Indexes that an interrupted build has left',
    isEverywhere: true,
    run: async ({ tx }) =>
      (await listInvalidIndexes(tx)).map(({ name, table, isLeftover }) =>
        finding(
          'warning',
          name,
          `The index ${name} of ${table} is invalid: it costs at each write and answers nothing.`,
          isLeftover ? `drop index concurrently ${name};` : `reindex index concurrently ${name};`,
        ),
      ),
  },
  {
    code: 'indexes.missing_for_key',
    title: 'Foreign keys without an index',
    isEverywhere: true,
    run: async ({ tx }) =>
      (await listUnindexedKeys(tx)).map(({ table, name, columns, refersTo }) =>
        finding(
          'warning',
          `${table}.${name}`,
          `The foreign key ${name} has no index that begins with ${columns}: a delete in ${refersTo} reads ${table} whole.`,
          `create index concurrently on ${table} (${columns});`,
        ),
      ),
  },
  {
    code: 'indexes.duplicate',
    title: 'Indexes that another one stands for',
    isEverywhere: true,
    run: async ({ tx }) =>
      (await listDuplicateIndexes(tx)).map(({ name, sameAs, bytes, isCovered }) =>
        finding(
          isCovered ? 'info' : 'warning',
          name,
          `The index ${name} (${bytesInWords(bytes)}) ${isCovered ? 'is the beginning of' : 'is the same as'} ${sameAs}.`,
          isCovered
            ? `Where nothing relies on it being small, drop it in a migration: drop index ${name};`
            : `Drop it in a migration: drop index ${name};`,
        ),
      ),
  },
  {
    code: 'indexes.unused',
    title: 'Large indexes that nothing reads',
    async run({ tx, app }) {
      const { since, items } = await listIndexes(tx)
      const days = since ? (app.clock.now().getTime() - since.getTime()) / 86_400_000 : 0
      if (days < unusedAfterDays) return []
      return items
        .filter(
          ({ scans, bytes, isUnique, isConstraint }) => scans === 0 && bytes > 2 ** 20 && !isUnique && !isConstraint,
        )
        .map(({ name, table, bytes }) =>
          finding(
            'info',
            name,
            `The index ${name} of ${table} (${bytesInWords(bytes)}) was not read in ${Math.floor(days)} days.`,
            `Look whether a report or a replica needs it; else drop it in a migration: drop index ${name};`,
          ),
        )
    },
  },
  {
    code: 'tables.bloated',
    title: 'Tables much larger than their rows',
    async run({ tx }) {
      const found = await listTableBloat(tx, 64 * 2 ** 20)
      return found
        .filter(({ wasted }) => wasted > 0.5)
        .map(({ name, bytes, wastedBytes, wasted }) =>
          finding(
            'info',
            name,
            `About ${percent(wasted)} of ${name} is empty (${bytesInWords(wastedBytes)} of ${bytesInWords(bytes)}).`,
            `New rows fill it again. To give it back, at a quiet time, it locks the table: vacuum full ${name};`,
          ),
        )
    },
  },
  {
    code: 'indexes.bloated',
    title: 'Indexes much larger than their entries',
    async run({ tx }) {
      const found = await listIndexBloat(tx, 64 * 2 ** 20)
      return found
        .filter(({ wasted }) => wasted > 0.6)
        .map(({ name, bytes, wastedBytes, wasted }) =>
          finding(
            'info',
            name,
            `About ${percent(wasted)} of ${name} is empty (${bytesInWords(wastedBytes)} of ${bytesInWords(bytes)}).`,
            'commonhold maintenance run reindex',
          ),
        )
    },
  },
]
