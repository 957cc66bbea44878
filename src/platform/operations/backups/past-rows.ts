import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { columnList, quoted } from '#platform/database'
import { errors as operationsErrors } from '../errors.ts'
import { columnsWithout, type ErasedPeople, isTheirs, losesValues } from './erased-people.ts'
import { errors } from './errors.ts'
import type { ShapeReference, TableShape } from './table-shapes.ts'

/**
 * How many rows of a table came back, were put back, went, and could not come back; and how many of then stayed out, or came
 * without something, because people were erased since.
 */
export type RowCounts = { added: number; changed: number; removed: number; leftOut: number; erased: number }

/** `replace`: the rows are what they were. `merge`: those that are missing come back, and those that are there stay. */
export type RestoreMode = 'replace' | 'merge'

export type PastRowsOptions = {
  /** In the transaction that all of this is; past row security, as a replica. */
  target: pg.ClientBase
  /** The same on the copy that has the table's rows. */
  sourceOf: (shape: TableShape) => pg.ClientBase
  /** The main database, in which legal holds are. */
  main: pg.ClientBase
  /** The rows of this tenant alone; all rows unless told. */
  tenantId?: string
  mode: RestoreMode
  erased?: ErasedPeople | undefined
  /** By table: rows that the copy was made to forget. */
  forgotten?: ReadonlyMap<string, number>
}

export type StagingOptions = {
  /** SQL over the row as `t`: which do not come back. */
  leavesOut?: string | undefined
  /** What is there stays, whatever the mode. */
  accrues?: boolean
}

type Staged = { shape: TableShape; mode: RestoreMode; past: string; differing: string; gone: string; counts: RowCounts }

/**
 * Rows as they were, in temporary tables beside those that are there. Each table is staged, settled, compared and then
 * applied, parents first. What is applied is written past triggers and keys, and told to the audit log by the very
 * functions that log the table's changes.
 */
export class PastRows {
  private readonly options: PastRowsOptions
  private readonly restored = new Map<string, Staged>()
  private staged = 0

  constructor(options: PastRowsOptions) {
    this.options = options
  }

  /** Those of the tables that have a row, or had one then: for most there is nothing to do. */
  async findConcerned(shapes: readonly TableShape[]): Promise<TableShape[]> {
    const { target, sourceOf, forgotten } = this.options
    const found = new Set(forgotten?.keys())
    for (const client of new Set([target, ...shapes.map(sourceOf)])) {
      const there = shapes.filter(shape => client === target || client === sourceOf(shape))
      const looks = there.map(
        shape => `(${pg.escapeLiteral(shape.name)}, exists (select from ${quoted(shape.name)}${this.ofTenant(shape)}))`,
      )
      if (looks.length === 0) continue
      const { rows } = await client.query<{ name: string }>(
        `select name from (values ${looks.join(', ')}) as tables (name, "isConcerned") where "isConcerned"`,
      )
      for (const { name } of rows) found.add(name)
    }
    return shapes.filter(({ name }) => found.has(name))
  }

  /** Copies the rows of then. Returns how many. */
  async stage(shape: TableShape, { leavesOut, accrues = false }: StagingOptions = {}): Promise<number> {
    const { target, sourceOf, erased, forgotten, mode } = this.options
    const source = sourceOf(shape)
    const { past, counts } = await this.begin(shape, this.restored, accrues ? 'merge' : mode)
    const columns = columnList(shape.columns)
    const comes = leavesOut === undefined ? '' : ` and not coalesce(${leavesOut}, false)`
    const from = `from ${quoted(shape.name)} as t${this.ofTenant(shape)}${comes}`
    const wanted = erased
      ? `select ${columnsWithout(shape, erased, shape.columns)} ${from} and not ${isTheirs(shape, erased)}`
      : `select ${columns} ${from}`
    const reading = source.query(copyTo(`copy (${wanted}) to stdout`))
    const writing = target.query(copyFrom(`copy ${past} (${columns}) from stdin`))
    await pipeline(reading, writing)
    // Not of long texts, by which nothing is joined.
    const joined = new Set([...shape.key, ...shape.references.flatMap(reference => reference.columns)])
    const known = shape.columns.filter(column => joined.has(column))
    await target.query(`analyze ${past} (${columnList(known)})`)
    if (erased) counts.erased = await this.leaveToErased(shape, erased)
    counts.erased += forgotten?.get(shape.name) ?? 0
    return writing.rowCount ?? 0
  }

  /** What is there of people who are erased stays as it is: their erasure has seen it. Returns how many rows of then are other ones. */
  private async leaveToErased(shape: TableShape, erased: ErasedPeople): Promise<number> {
    const { target, sourceOf } = this.options
    const source = sourceOf(shape)
    const from = `from ${quoted(shape.name)} as t${this.ofTenant(shape)}`
    const { rows } = await source.query<{ count: number }>(
      `select count(*)::integer as count ${from} and (${isTheirs(shape, erased)} or ${losesValues(shape, erased)})`,
    )
    const { past } = this.of(shape)
    await target.query(
      `insert into ${past} (${columnList(shape.columns)})
      select ${columnList(shape.columns, 't')} ${from}
        and ${isTheirs(shape, erased)}
        and not exists (select from ${past} as p where ${sameKey(shape, 'p', 't')})`,
    )
    return rows[0]?.count ?? 0
  }

  /** What these columns say now, they go on saying; in rows that come back they are what they are in a new row. */
  async keepColumns(shape: TableShape, kept: readonly string[]): Promise<void> {
    const { target } = this.options
    const { past } = this.of(shape)
    const fresh = kept.map(column => `${quoted(column)} = ${shape.defaults[column] ?? 'null'}`)
    await target.query(`update ${past} as t set ${fresh} where not exists (${rowLike(shape, 't')})`)
    const current = kept.map(column => `${quoted(column)} = n.${quoted(column)}`)
    await target.query(
      `update ${past} as t set ${current} from ${quoted(shape.name)} as n where ${sameKey(shape, 't', 'n')}`,
    )
  }

  /**
   * Rows that lead to one that is no more are treated as the database would have treated them when that one went: the
   * column is emptied, or the row does not come back. Where it is there now it stays as it is: what was done about it
   * since holds.
   */
  async settle(shape: TableShape): Promise<void> {
    const { target } = this.options
    const { past, mode, counts } = this.of(shape)
    if (mode === 'merge') await target.query(`delete from ${past} as t where exists (${rowLike(shape, 't')})`)
    const references = shape.references.filter(({ columns }) => columns.every(it => shape.columns.includes(it)))
    for (let hasMoved = true; hasMoved; ) {
      hasMoved = false
      for (const reference of references) {
        const dangling = this.dangling(reference)
        const { emptied } = reference
        if (emptied.length > 0 && !emptied.some(column => shape.required.includes(column))) {
          const empty = emptied.map(column => `${quoted(column)} = null`)
          await target.query(`update ${past} as t set ${empty} where ${dangling}`)
          continue
        }
        const { rows } = await target.query<{ count: number }>(
          `with
            lost as (delete from ${past} as t where ${dangling} returning ${columnList(shape.key, 't')}),
            staying as (
              insert into ${past} (${columnList(shape.columns)})
              select ${columnList(shape.columns, 'n')}
              from ${quoted(shape.name)} as n
              join lost as t on ${sameKey(shape, 't', 'n')}
            )
          select count(*)::integer as count from lost`,
        )
        const lost = rows[0]?.count ?? 0
        if (lost === 0) continue
        counts.leftOut += lost
        hasMoved = true
        await target.query(`delete from ${past} as t where ${dangling}`)
      }
    }
  }

  /** Compares with the rows that are there. */
  async compare(shape: TableShape): Promise<RowCounts> {
    const { target } = this.options
    const { past, mode, differing, counts } = this.of(shape)
    const first = quoted(shape.key[0] ?? '')
    const text = (alias: string) => `row(${columnList(shape.columns, alias)})::text`
    const key = shape.key.map(column => `coalesce(t.${quoted(column)}, n.${quoted(column)})`)
    await target.query(
      `insert into ${differing}
      select
        ${key},
        case when n.${first} is null then 'added' when t.${first} is null then 'removed' else 'changed' end
      from ${past} as t
      full join (select ${columnList(shape.columns)} from ${quoted(shape.name)}${this.ofTenant(shape)}) as n
        on ${sameKey(shape, 't', 'n')}
      where n.${first} is null
        or ${mode === 'replace'} and (t.${first} is null or ${text('t')} is distinct from ${text('n')})`,
    )
    await target.query(`analyze ${differing}`)
    const { rows } = await target.query<{ how: 'added' | 'changed' | 'removed'; count: string }>(
      `select how, count(*) from ${differing} group by how`,
    )
    for (const { how, count } of rows) counts[how] = Number(count)
    return counts
  }

  /** Refuses where a row would change or go that must not: a legal hold stands on its tenant, or on somebody whom it names. */
  async requireNoHold(shape: TableShape): Promise<void> {
    await this.requireNotHeld(this.of(shape))
  }

  private async requireNotHeld({ shape, differing }: Staged): Promise<void> {
    const { target, main } = this.options
    if (shape.hasTenant) {
      const { rows: touched } = await target.query<{ id: string }>(
        `select distinct tenant_id as id from ${differing} where how <> 'added'`,
      )
      const { rows } = await main.query<{ reason: string }>(
        `select platform.find_hold(id, null) as reason
        from unnest($1::uuid[]) as touched (id)
        where platform.find_hold(id, null) is not null
        limit 1`,
        [touched.map(({ id }) => id)],
      )
      if (rows[0]) throw operationsErrors.held({ reason: rows[0].reason })
    }
    const people = shape.references
      .filter(({ table, columns }) => table === 'identity.users' && columns.length === 1)
      .map(({ columns }) => `n.${quoted(columns[0] ?? '')}`)
    if (people.length === 0) return
    const { rows: held } = await main.query<{ id: string; reason: string }>(
      `select held_user_id as id, reason
      from operations.legal_holds
      where released_at is null and held_user_id is not null`,
    )
    if (held.length === 0) return
    const { rows: named } = await target.query<{ id: string }>(
      `select person.id
      from ${quoted(shape.name)} as n
      join ${differing} as d on ${sameKey(shape, 'n', 'd')} and d.how <> 'added'
      cross join lateral (values ${people.map(column => `(${column})`).join(', ')}) as person (id)
      where person.id = any ($1::uuid[])
      limit 1`,
      [held.map(({ id }) => id)],
    )
    const hold = held.find(({ id }) => id === named[0]?.id)
    if (hold) throw operationsErrors.held({ reason: hold.reason })
  }

  /** Whose rows are other ones now. */
  async listTenants(shape: TableShape): Promise<string[]> {
    if (!shape.hasTenant) return []
    const { rows } = await this.options.target.query<{ id: string }>(
      `select distinct tenant_id as id from ${this.of(shape).differing}`,
    )
    return rows.map(({ id }) => id)
  }

  /** Writes what differs. Of `merge`, rows whose place somebody else has taken (a name that is unique) are left out. */
  async apply(shape: TableShape): Promise<void> {
    await this.write(this.of(shape))
  }

  /**
   * What the database would have done with rows of other tables that lead to rows that went: removes or empties them, and
   * those that lead to these. Returns the tables that it wrote to. Refuses what a key holds, and everything where the
   * rows of others are not to be touched.
   */
  async follow(shapes: Iterable<TableShape>, canWrite: boolean): Promise<Record<string, RowCounts>> {
    const all = [...shapes]
    const followed: Record<string, RowCounts> = {}
    const open = [...this.restored.values()]
    for (let lost = open.shift(); lost; lost = open.shift()) {
      if (lost.counts.removed === 0) continue
      for (const shape of all.filter(({ name }) => !this.restored.has(name))) {
        for (const reference of shape.references.filter(({ table }) => table === lost?.shape.name)) {
          const written = await this.followReference(lost, shape, reference, canWrite)
          if (!written) continue
          open.push(written)
          const before = followed[shape.name] ?? noCounts
          const { changed, removed } = written.counts
          followed[shape.name] = { ...before, changed: before.changed + changed, removed: before.removed + removed }
        }
      }
    }
    return followed
  }

  private async followReference(lost: Staged, shape: TableShape, reference: ShapeReference, canWrite: boolean) {
    const { target } = this.options
    const made = await this.begin(shape, new Map(), this.options.mode)
    const isEmptied = reference.onDelete === 'empty'
    const values = shape.columns.map(column =>
      isEmptied && reference.emptied.includes(column) ? 'null' : `n.${quoted(column)}`,
    )
    await target.query(
      `insert into ${made.past} (${columnList(shape.columns)})
      select ${values}
      from ${quoted(shape.name)} as n
      where exists (select from ${lost.gone} as p where ${sameReference(reference, 'n')})
        and not exists (select from ${quoted(reference.table)} as p where ${sameReference(reference, 'n')})`,
    )
    const { rowCount } = await target.query(
      `insert into ${made.differing}
      select ${columnList(shape.key)}, ${isEmptied ? `'changed'` : `'removed'`} from ${made.past}`,
    )
    if (!rowCount) return undefined
    if (!canWrite || reference.onDelete === 'refuse')
      throw errors.rowsHeld({ count: rowCount, table: shape.name, referred: reference.table })
    await this.requireNotHeld(made)
    made.counts[isEmptied ? 'changed' : 'removed'] = rowCount
    await this.write(made)
    return made
  }

  private async write(staged: Staged): Promise<void> {
    const { shape, mode, past, differing, gone, counts } = staged
    const { target } = this.options
    const table = quoted(shape.name)
    const columns = columnList(shape.columns)
    if (counts.added + counts.changed + counts.removed === 0) return
    const matches = (alias: string, ...how: string[]) =>
      `${sameKey(shape, alias, 'd')} and d.how in (${how.map(it => `'${it}'`)})`
    await target.query(
      `create temporary table ${gone} on commit drop as
      select ${columnList(shape.columns, 'n')}, d.how
      from ${table} as n
      join ${differing} as d on ${matches('n', 'changed', 'removed')}`,
    )
    await target.query(`delete from ${table} as n using ${differing} as d where ${matches('n', 'changed', 'removed')}`)
    if (shape.monthColumn !== null) await this.makeMonths(shape, past)
    const written = await target.query(
      `insert into ${table} (${columns}) overriding system value
      select ${columnList(shape.columns, 't')}
      from ${past} as t
      join ${differing} as d on ${matches('t', 'added', 'changed')}
      ${mode === 'merge' ? 'on conflict do nothing' : ''}`,
    )
    if (mode === 'merge' && written.rowCount !== counts.added) {
      const { rowCount } = await target.query(
        `with untaken as (
          delete from ${differing} as d
          where d.how = 'added' and not exists (select from ${table} as n where ${sameKey(shape, 'd', 'n')})
          returning ${columnList(shape.key, 'd')}
        )
        delete from ${past} as t using untaken as d where ${sameKey(shape, 't', 'd')}`,
      )
      counts.added -= rowCount ?? 0
      counts.leftOut += rowCount ?? 0
    }
    await this.tell(staged, matches)
    await target.query(`delete from ${gone} where how <> 'removed'`)
  }

  /** The same changes are made to a table beside, whose triggers are those that log the changes of the table itself. */
  private async tell(
    { shape, past, differing, gone }: Staged,
    matches: (alias: string, ...how: string[]) => string,
  ): Promise<void> {
    const { target } = this.options
    if (shape.trackers.length === 0) return
    const twin = `${gone}_told`
    const columns = columnList(shape.columns)
    await target.query(`create temporary table ${twin} on commit drop as select ${columns} from ${gone}`)
    for (const tracker of shape.trackers) await target.query(tracker.replace('%', twin))
    await target.query('set local session_replication_role = origin')
    await target.query(`delete from ${twin} as n using ${differing} as d where ${matches('n', 'removed')}`)
    const values = shape.columns.map(column => `${quoted(column)} = t.${quoted(column)}`)
    await target.query(
      `update ${twin} as n set ${values} from ${past} as t, ${differing} as d
      where ${sameKey(shape, 't', 'n')} and ${matches('n', 'changed')}`,
    )
    await target.query(
      `insert into ${twin} (${columns})
      select ${columnList(shape.columns, 't')} from ${past} as t join ${differing} as d on ${matches('t', 'added')}`,
    )
    await target.query('set local session_replication_role = replica')
  }

  private async makeMonths({ name, monthColumn }: TableShape, past: string): Promise<void> {
    const { target } = this.options
    await target.query(
      `select platform.make_month_partitions($1::regclass, month, 0)
      from (select distinct date_trunc('month', ${quoted(monthColumn ?? '')}) as month from ${past}) as months`,
      [name],
    )
  }

  private async begin(shape: TableShape, into: Map<string, Staged>, mode: RestoreMode): Promise<Staged> {
    const { target } = this.options
    const number = this.staged++
    const made = {
      ...{ shape, mode, past: `past_${number}`, differing: `differing_${number}`, gone: `gone_${number}` },
      counts: { ...noCounts },
    }
    // Not "like", which would ask for values of generated columns.
    await target.query(
      `create temporary table ${made.past} on commit drop as
      select ${columnList(shape.columns)} from ${quoted(shape.name)} with no data`,
    )
    await target.query(
      `create temporary table ${made.differing} on commit drop as
      select ${columnList(shape.key)}, ''::text as how from ${made.past} with no data`,
    )
    into.set(shape.name, made)
    return made
  }

  private of({ name }: TableShape): Staged {
    const found = this.restored.get(name)
    if (!found) throw new Error(`${name} was not staged`)
    return found
  }

  private ofTenant({ hasTenant }: TableShape): string {
    const { tenantId, target } = this.options
    return ` where ${tenantId === undefined || !hasTenant ? 'true' : `tenant_id = ${target.escapeLiteral(tenantId)}`}`
  }

  private dangling(reference: ShapeReference): string {
    const parent = this.restored.get(reference.table)
    const places = [...(parent ? [parent.past] : []), ...(parent?.mode === 'replace' ? [] : [quoted(reference.table)])]
    return [
      ...reference.columns.map(column => `t.${quoted(column)} is not null`),
      ...places.map(place => `not exists (select from ${place} as p where ${sameReference(reference, 't')})`),
    ].join(' and ')
  }
}

/**
 * Keeps legal holds from being added until the transaction in the main database ends, and waits for those that are. Before
 * the first row is compared, so that `requireNoHold` sees them all.
 */
export async function awaitHolds(main: pg.ClientBase): Promise<void> {
  await main.query(`select pg_advisory_xact_lock_shared(hashtext('commonhold'), hashtext('legal holds'))`)
}

const noCounts: RowCounts = { added: 0, changed: 0, removed: 0, leftOut: 0, erased: 0 }

function sameKey({ key }: TableShape, one: string, other: string): string {
  return key.map(column => `${one}.${quoted(column)} = ${other}.${quoted(column)}`).join(' and ')
}

function sameReference({ columns, referred }: ShapeReference, child: string): string {
  return columns.map((column, index) => `p.${quoted(referred[index] ?? '')} = ${child}.${quoted(column)}`).join(' and ')
}

function rowLike(shape: TableShape, alias: string): string {
  return `select from ${quoted(shape.name)} as n where ${sameKey(shape, alias, 'n')}`
}
