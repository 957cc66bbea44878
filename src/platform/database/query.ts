import {
  CamelCasePlugin,
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely'
import type { DB } from '#db/types'
import type { Query } from './queryable.ts'

/** Kysely's builder over the generated types. It compiles only; a `Queryable` runs what it builds, under a scope. */
export const query = new Kysely<DB>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: builder => new PostgresIntrospector(builder),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
  plugins: [new CamelCasePlugin({ underscoreBeforeDigits: true })],
})

/** A JSON value as a bound parameter: without this a JavaScript array would arrive as a PostgreSQL array. */
export function json(value: unknown): RawBuilder<unknown> {
  return sql`${JSON.stringify(value)}::jsonb`
}

export function compile<Row>(source: Query<Row>): CompiledQuery<Row> {
  if ('sql' in source) return source
  return (source as RawBuilder<Row>).compile(query)
}
