import pg from 'pg'
import type { Keyring } from '#platform/crypto'
import { columnList, quoted, type Side } from '#platform/database'
import { type PortableTable, tenantsTable } from './contents.ts'
import { errors } from './errors.ts'
import { findStray, type IdMap, renewIn } from './id-maps.ts'
import type { Row } from './row-checks.ts'

const rowsAtOnce = 500

export type RowWriterOptions = {
  tenantId: string
  ids: IdMap
  keyring: Keyring
  /** What the tenant's own row has been given here. */
  keep: { name: string; slug: string }
  /** In lower case: no row comes in that has one of them as a value, and where they stand in texts they go. */
  erasedAddresses: ReadonlySet<string>
  reject: (table: string, row: string, reason: string) => Promise<void>
}

/** Rows of one table that came in, and those that did not, with the first one's reason. */
export type ArrivedCounts = { rows: number; rejected: number; reason?: string }

/** Writes rows of an archive with the ids that they have here, as the tenant's that is made here. */
export class RowWriter {
  readonly counts: Record<string, ArrivedCounts> = {}
  logEntries = 0
  /** Rows that stayed out because they were of people who are erased. */
  erased = 0
  private readonly side: Side
  private readonly options: RowWriterOptions
  /** The old ids of rows that were refused: what hangs on them is refused with them. */
  private readonly refused = new Set<string>()

  constructor(side: Side, options: RowWriterOptions) {
    this.side = side
    this.options = options
  }

  async write(table: PortableTable, columns: readonly string[], lines: readonly string[]): Promise<void> {
    for (let from = 0; from < lines.length; from += rowsAtOnce)
      await this.writeSome(table, columns, lines.slice(from, from + rowsAtOnce))
  }

  private async writeSome(table: PortableTable, columns: readonly string[], lines: readonly string[]): Promise<void> {
    const { ids, reject } = this.options
    const count: ArrivedCounts = this.counts[table.name] ?? { rows: 0, rejected: 0 }
    this.counts[table.name] = count
    const found = await ids.lookUp(lines)
    const fit: string[] = []
    for (const line of lines) {
      const row = JSON.parse(line) as Row
      if (this.isOfErased(row)) {
        this.erased++
        this.refuse(table, row)
        continue
      }
      const stray = findStray(table, row, found, ids.missing)
      if (stray && !stray.isMissingHere) throw errors.rowsRefused({ table: table.name, reason: stray.reason })
      const reason = stray?.reason ?? this.reasonOfRefused(table, row)
      if (reason === undefined) fit.push(this.complete(table, renewIn(line, found)))
      else {
        count.rejected++
        count.reason ??= reason
        this.refuse(table, row)
        await reject(table.name, line, reason)
      }
    }
    if (fit.length === 0) return
    try {
      await this.put(table, columns, fit)
    } catch (cause) {
      throw refusalOf(table.name, cause)
    }
    count.rows += fit.length
  }

  private isOfErased(row: Row): boolean {
    const { erasedAddresses } = this.options
    if (erasedAddresses.size === 0) return false
    return Object.values(row).some(value => typeof value === 'string' && erasedAddresses.has(value.toLowerCase()))
  }

  private refuse({ key }: PortableTable, row: Row): void {
    for (const column of key) if (typeof row[column] === 'string') this.refused.add(row[column])
  }

  private reasonOfRefused({ spaces, name }: PortableTable, row: Row): string | undefined {
    if (this.refused.size === 0) return undefined
    const column = Object.entries(spaces).find(
      ([each, space]) => space !== name && typeof row[each] === 'string' && this.refused.has(row[each]),
    )?.[0]
    return column && `its ${column} names a row that was refused`
  }

  /** With what is made for each row anew. */
  private complete({ withheld }: PortableTable, line: string): string {
    const made = Object.entries(withheld).filter(([, { make }]) => make)
    if (made.length === 0) return line
    const row = JSON.parse(line) as { id: string }
    const values = made.map(
      ([column, { make }]) => `${JSON.stringify(column)}: ${JSON.stringify(make?.(this.options.keyring, row.id))}`,
    )
    return `${line.slice(0, -1)}, ${values.join(', ')}}`
  }

  private async put(table: PortableTable, columns: readonly string[], lines: readonly string[]): Promise<void> {
    const { tenantId, keep, erasedAddresses } = this.options
    const pattern = `audit.address_pattern(array[${[...erasedAddresses].map(each => pg.escapeLiteral(each))}])`
    const given = erasedAddresses.size > 0 ? `regexp_replace($2::text, ${pattern}, '[erased]', 'gi')` : '$2'
    const rows = `jsonb_populate_recordset(null::${quoted(table.name)}, ${given}::jsonb) as t`
    if (table.name === tenantsTable) {
      const set = columns.filter(column => !(column in keep)).map(column => `${quoted(column)} = t.${quoted(column)}`)
      await this.side.query(
        `update ${quoted(table.name)} as tenant set ${set.join(', ')} from ${rows} where tenant.id = $1`,
        [tenantId, `[${lines.join()}]`],
      )
      return
    }
    const made = Object.entries(table.withheld).filter(([, { value, make }]) => value !== undefined || make)
    const names = [table.owner, ...columns, ...made.map(([column]) => column)]
    const values = made.map(([column, { value }]) => value ?? `t.${quoted(column)}`)
    await this.side.query(
      `insert into ${quoted(table.name)} (${columnList(names)}) overriding system value
      select ${['$1::uuid', columnList(columns, 't'), ...values].join(', ')}
      from ${rows}`,
      [tenantId, `[${lines.join()}]`],
    )
  }

  /** Word for word: what another installation has written down is not rewritten. */
  async writeLog(lines: readonly string[]): Promise<void> {
    try {
      const { rowCount } = await this.side.query(
        `insert into operations.imported_logs (tenant_id, id, created_at, entry)
        select $1::uuid, (entry ->> 'id')::uuid, (entry ->> 'created_at')::timestamptz, entry
        from jsonb_array_elements($2::jsonb) as entry
        on conflict (tenant_id, id) do nothing`,
        [this.options.tenantId, `[${lines.join()}]`],
      )
      this.logEntries += rowCount ?? 0
    } catch (cause) {
      throw refusalOf('the log', cause)
    }
  }
}

/** What the database does not take is the archive's fault, unless it is something else altogether. */
function refusalOf(table: string, cause: unknown): unknown {
  const isOfData = cause instanceof pg.DatabaseError && /^(22|23)/.test(cause.code ?? '')
  return isOfData ? errors.rowsRefused({ table, reason: cause.message }, cause) : cause
}

/** Of the partitioned ones among these tables the column by whose months they are. */
export async function partitionColumnsOf(
  side: Side,
  tables: readonly PortableTable[],
): Promise<ReadonlyMap<string, string>> {
  const columns = new Map<string, string>()
  for (const { name } of tables.filter(({ isPartitioned }) => isPartitioned)) {
    const { rows } = await side.query<{ column: string }>(
      `select a.attname as column
      from pg_partitioned_table as p
      join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
      where p.partrelid = $1::regclass`,
      [quoted(name)],
    )
    if (rows[0]) columns.set(name, rows[0].column)
  }
  return columns
}

/** Twenty years of them: nobody has more, and each is a table. */
const mostMonths = 240

/** Best before the transaction of the import: making one keeps writers out until its end. */
export async function makePartitions(side: Side, months: ReadonlyMap<string, ReadonlySet<string>>): Promise<void> {
  for (const [table, wanted] of months) {
    const isSane = [...wanted].every(month => /^(19|20)\d\d-(0[1-9]|1[0-2])$/.test(month))
    if (!isSane || wanted.size > mostMonths)
      throw errors.rowsRefused({ table, reason: 'its rows are of months that cannot be' })
    for (const month of wanted)
      await side.query('select platform.make_month_partitions($1::regclass, $2::timestamptz, 0)', [
        quoted(table),
        `${month}-01T00:00:00Z`,
      ])
  }
}

/** A sentence where rows that lead to rows of their own table go round in a circle. */
export async function findCircle(side: Side, { name, references }: PortableTable, tenantId: string): Promise<string[]> {
  const faults: string[] = []
  for (const { table, columns, referred } of references) {
    const column = columns.find(each => each !== 'tenant_id')
    const target = referred.find(each => each !== 'tenant_id')
    if (table !== name || column === undefined || target === undefined) continue
    const { rows } = await side.query<{ isRound: boolean }>(
      `with recursive reached (id) as (
        select ${quoted(target)} from ${quoted(name)} where tenant_id = $1 and ${quoted(column)} is null
        union
        select t.${quoted(target)}
        from ${quoted(name)} as t
        join reached on t.${quoted(column)} = reached.id
        where t.tenant_id = $1
      )
      select (select count(*) from reached) < (select count(*) from ${quoted(name)} where tenant_id = $1) as "isRound"`,
      [tenantId],
    )
    if (rows[0]?.isRound) faults.push(`rows of ${name} go round in a circle`)
  }
  return faults
}
