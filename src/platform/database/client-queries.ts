import type pg from 'pg'
import { compile } from './query.ts'
import type { Queryable } from './queryable.ts'
import { camelCaseOf, parserOf } from './values.ts'

/** What reads and writes without a scope: rows come back as from a `Queryable`. */
export type Statements = Pick<Queryable, 'run' | 'one' | 'maybe'>

/** Runs statements on a connection of its own, an administrator's, say; each by itself unless its owner has begun a transaction. */
export function statementsOf(client: pg.ClientBase): Statements {
  const run: Statements['run'] = async source => {
    const { sql: text, parameters } = compile(source)
    const { rows, fields } = await client.query<unknown[]>({
      text,
      values: [...parameters],
      rowMode: 'array',
      types: { getTypeParser: ((oid: number) => parserOf(oid)) as never },
    })
    const names = fields.map(({ name }) => camelCaseOf(name))
    return rows.map(row => Object.fromEntries(names.map((name, index) => [name, row[index]]))) as never
  }
  const atMostOne = <Row>(rows: Row[]): Row | undefined => {
    if (rows.length > 1) throw new Error(`One row was expected, ${rows.length} came`)
    return rows[0]
  }
  return {
    run,
    maybe: async source => atMostOne(await run(source)),
    one: async source => {
      const row = atMostOne(await run(source))
      if (row === undefined) throw new Error('One row was expected, none came')
      return row
    },
  }
}
