import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type pg from 'pg'

export type Owner = { tenantId: string; userId: string }
export type Row = Readonly<Record<string, unknown>>

type Column = {
  name: string
  type: string
  category: string
  isRequired: boolean
  defaultExpression: string | null
}
type ForeignKey = { columns: string[]; parent: string; parentColumns: string[] }
type Check = { columns: string[]; expression: string }
type Table = { columns: Column[]; foreignKeys: ForeignKey[]; checks: Check[] }

/**
 * Makes one row of any table, for one tenant and user, as the catalog describes it: parents first, values that its
 * checks accept, foreign keys filled. Fails for a table that it cannot fill. `admin` is bound by no row security.
 */
export function rowMaker(admin: pg.Client, owner: Owner): (table: string) => Promise<Row> {
  const made = new Map<string, Promise<Row>>()
  const known = knownOf.get(admin) ?? { rows: new Map(), tables: new Map(), choices: new Map() }
  knownOf.set(admin, known)
  const underWay: string[] = []

  async function describedOf(table: string): Promise<Table> {
    const described = known.tables.get(table) ?? describe(admin, table)
    known.tables.set(table, described)
    return await described
  }

  async function rowOf(table: string): Promise<Row> {
    const described = await describedOf(table)
    const fixed = new Map<string, unknown>(fixedValues(table, described, owner))
    const rows = fixed.size + described.foreignKeys.length === 0 ? known.rows : made
    const row = rows.get(table) ?? make(table, described, fixed)
    rows.set(table, row)
    return await row
  }

  async function make(table: string, described: Table, fixed: Map<string, unknown>): Promise<Row> {
    underWay.push(table)
    const values = new Map(fixed)
    for (const key of described.foreignKeys) {
      if (underWay.includes(key.parent) || unlinked.has(table)) continue
      const parent = await rowOf(key.parent)
      key.columns.forEach((column, index) => {
        values.set(column, parent[key.parentColumns[index] as string])
      })
    }
    for (const { expression } of described.checks) {
      const [, one, other] = /^\((\w+) <> (\w+)\)$/.exec(expression) ?? []
      const key = described.foreignKeys.find(({ columns }) => columns.at(-1) === other)
      if (!one || !other || !key || values.get(one) === undefined || values.get(one) !== values.get(other)) continue
      values.set(other, await anotherOf(key.parent, await rowOf(key.parent)))
    }
    const open = described.columns.filter(({ name }) => !values.has(name))
    for (const group of groupsOf(open, described.checks)) await fillGroup(table, described, group, values)

    const chosen = described.columns.filter(({ name }) => values.get(name) !== undefined)
    // Triggers of the table may write to others, in the tenant of the scope.
    const scope = `select set_config('app.tenant_id', $1, false), set_config('app.user_id', $2, false), set_config('app.system', $3, false)`
    await admin.query(scope, [owner.tenantId, owner.userId, 'on'])
    const { rows } = await admin.query(
      `insert into ${table} as made (${chosen.map(({ name }) => `"${name}"`)})
      values (${chosen.map(({ type }, index) => `$${index + 1}::text::${type}`)})
      on conflict do nothing
      returning to_jsonb(made) as row`,
      chosen.map(({ name }) => textOf(values.get(name))),
    )
    const row = rows[0]?.row ?? (await findRow(table, fixed))
    await admin.query(scope, ['', '', ''])
    underWay.splice(underWay.indexOf(table), 1)
    return row
  }

  /** The id of a second row like this one, of nobody. */
  async function anotherOf(table: string, row: Row): Promise<unknown> {
    const other: Record<string, unknown> = { ...row, id: randomUUID() }
    const { columns, foreignKeys } = await describedOf(table)
    const isLeading = (name: string) => foreignKeys.some(key => key.columns.includes(name))
    for (const { name, isRequired } of columns) if (isLeading(name) && !isRequired) other[name] = null
    await admin.query(
      `insert into ${table} (${columns.map(({ name }) => `"${name}"`)})
      select ${columns.map(({ name }) => `"${name}"`)} from jsonb_populate_record(null::${table}, $1)`,
      [JSON.stringify(other)],
    )
    return other.id
  }

  /** The owner may have such a row already, and be allowed one only (his account, his membership). */
  async function findRow(table: string, fixed: Map<string, unknown>): Promise<Row> {
    const { rows } = await admin.query(
      `select to_jsonb(found) as row from ${table} as found where to_jsonb(found) @> $1 limit 1`,
      [JSON.stringify(Object.fromEntries(fixed))],
    )
    if (!rows[0]) throw new Error(`${table} took no row and has none: teach test/support/rows.ts`)
    return rows[0].row
  }

  /** Values for columns that one check may compare with each other, so they are looked for together. */
  async function fillGroup(table: string, { columns, checks }: Table, group: Column[], values: Map<string, unknown>) {
    const names = new Set(group.map(({ name }) => name))
    const relevant = checks.filter(check => check.columns.some(name => names.has(name)))
    const involved = columns.filter(
      ({ name }) => names.has(name) || relevant.some(check => check.columns.includes(name)),
    )
    const candidates: unknown[][] = []
    for (const column of involved)
      candidates.push(names.has(column.name) ? await candidatesOf(column, relevant) : [values.get(column.name)])
    const choose = (found: unknown[]) => {
      involved.forEach(({ name }, index) => {
        if (names.has(name) && found[index] !== null) values.set(name, found[index])
      })
    }
    if (relevant.length === 0) return choose(candidates.map(([first]) => first))
    // What the checks accepted of the row before is of the same kinds.
    const place = `${table} ${[...names]}`
    const before = known.choices.get(place)
    if (before) {
      const same = candidates.map((list, index) => list.slice(before[index], (before[index] ?? 0) + 1))
      const [found] = await combinationsOf(involved, same, relevant)
      if (found) return choose(found)
    }
    const viable: unknown[][] = []
    for (const [index, column] of involved.entries()) {
      const alone = relevant.filter(check => String(check.columns) === column.name)
      viable.push((await combinationsOf([column], [candidates[index] ?? []], alone)).map(([value]) => value))
    }
    // Few candidates of each first: the product of all grows beyond bounds.
    for (const most of [1, 2, 3, 30]) {
      const some = viable.map(list => list.slice(0, most))
      if (some.reduce((product, list) => product * list.length, 1) > 1e6) break
      const [found] = await combinationsOf(involved, some, relevant)
      if (!found) continue
      known.choices.set(
        place,
        candidates.map((list, index) => list.map(textOf).indexOf(textOf(found[index]))),
      )
      return choose(found)
    }
    throw new Error(`No values found for ${table} (${[...names]}): teach test/support/rows.ts`)
  }

  /** Combinations of values that the checks accept, the first candidates first. */
  async function combinationsOf(columns: Column[], candidates: unknown[][], checks: Check[]): Promise<unknown[][]> {
    const each = (write: (column: Column, index: number) => string, between = ', ') => columns.map(write).join(between)
    const { rows } = await admin.query({
      text: `select ${each((_, index) => `v${index}`)}
      from (
        select ${each(({ name, type }, index) => `v${index}, o${index}, v${index}::${type} as "${name}"`)}
        from ${each((_, index) => `unnest($${index + 1}::text[]) with ordinality as c${index} (v${index}, o${index})`)}
      ) as candidate
      where true ${checks.map(({ expression }) => `and (${expression}) is not false`).join(' ')}
      order by ${each((_, index) => `o${index}`, ' + ')}
      limit 30`,
      values: candidates.map(list => list.map(textOf)),
      rowMode: 'array',
    })
    return rows
  }

  async function candidatesOf(column: Column, checks: Check[]): Promise<unknown[]> {
    const mine = checks.filter(check => check.columns.includes(column.name))
    // What a check on JSON names is a type or a key, and no JSON.
    const literals = /^jsonb?$/.test(column.type)
      ? []
      : mine
          .flatMap(({ expression }) => [...expression.matchAll(/'((?:[^']|'')*)'/g)].map(match => match[1] as string))
          .filter(literal => column.category !== 'A' || literal.startsWith('{'))
    if (column.defaultExpression !== null) {
      if (!mine.some(check => check.columns.length > 1)) return [null]
      const { rows } = await admin.query(`select (${column.defaultExpression})::text as value`)
      return [rows[0].value, ...literals]
    }
    const typed = candidatesByCategory(column)
    return column.isRequired ? [...typed, ...literals] : [null, ...typed, ...literals]
  }

  return rowOf
}

/** A tenant is there before its primary domain, and no tenant has its data in a database that nobody can reach, nor had. */
const unlinked: ReadonlySet<string> = new Set(['tenancy.tenants', 'tenancy.placements', 'tenancy.moves'])

type Known = {
  /** Of nobody (a catalogue's), made once for all owners. */
  rows: Map<string, Promise<Row>>
  tables: Map<string, Promise<Table>>
  /** Which of the candidates of columns that share checks were accepted. */
  choices: Map<string, number[]>
}

/** What is the same for all owners: to look for it anew for each row is four fifths of making them. */
const knownOf = new WeakMap<pg.Client, Known>()

/** Ids that make the row this tenant's and this user's. */
function* fixedValues(table: string, { columns }: Table, { tenantId, userId }: Owner): Iterable<[string, unknown]> {
  for (const { name, type } of columns) {
    if (name === 'tenant_id') yield [name, tenantId]
    if (name === 'user_id' && type === 'uuid') yield [name, userId]
    if (name === 'id' && table === 'tenancy.tenants') yield [name, tenantId]
    // A client of the tenant would have to be there.
    if (name === 'is_of_platform' && table === 'oauth.grants') yield [name, true]
    if (name === 'id' && table === 'identity.users') yield [name, userId]
  }
}

function candidatesByCategory({ type, category }: Column): unknown[] {
  const unique = `r${randomBytes(6).toString('hex')}`
  const letters = (count: number, from: string) =>
    [...randomBytes(count)].map(byte => from[byte % from.length]).join('')
  if (type === 'uuid') return [randomUUID()]
  if (type === 'jsonb' || type === 'json') return ['{}', '[]', `{"a": "${unique}"}`]
  if (type === 'bytea') {
    return [`\\x${randomBytes(32).toString('hex')}`, '\\x00', `\\x${randomBytes(24).toString('hex')}`]
  }
  if (type === 'inet') return ['192.0.2.1']
  if (type === 'pg_snapshot') return ['1:1:']
  if (type === 'xid8') return [randomInt(2 ** 40)]
  if (category === 'S') {
    return [
      unique,
      `${unique}@example.test`,
      `https://example.test/${unique}`,
      `$${unique}$`,
      `chk_${letters(8, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789')}`,
      `app_${letters(24, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789')}`,
      'made.row',
      'made',
      'row',
      `#${randomBytes(3).toString('hex')}`,
      letters(12, 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'),
      letters(5, '0123456789ABCDEF'),
      letters(6, '0123456789'),
      letters(4, '0123456789'),
      'TX',
      'en',
      'A',
    ]
  }
  if (category === 'N') return [1, 2, 5, 0, 8]
  if (category === 'B') return [false, true]
  if (category === 'D') return [new Date().toISOString(), '2026-01-01', '2100-01-01']
  if (category === 'A')
    return ['{}', `{${type.startsWith('uuid') ? randomUUID() : type.startsWith('text') ? 'made.row' : 1}}`]
  throw new Error(`No values known for type ${type}: teach test/support/rows.ts`)
}

/** Columns that share a check stand in one group. */
function groupsOf(columns: Column[], checks: Check[]): Column[][] {
  let groups = columns.map(column => [column])
  for (const check of checks) {
    const touched = groups.filter(group => group.some(({ name }) => check.columns.includes(name)))
    if (touched.length > 1) groups = [...groups.filter(group => !touched.includes(group)), touched.flat()]
  }
  return groups
}

const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'object' ? JSON.stringify(value) : String(value)

async function describe(admin: pg.Client, table: string): Promise<Table> {
  const { rows } = await admin.query(
    `select
      (
        select coalesce(json_agg(json_build_object(
          'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'category', t.typcategory,
          'isRequired', a.attnotnull, 'defaultExpression', coalesce(pg_get_expr(d.adbin, d.adrelid), t.typdefault)
        ) order by a.attnum), '[]')
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
      ) as columns,
      (
        select coalesce(json_agg(json_build_object(
          'columns', (select json_agg(attname order by n) from unnest(k.conkey) with ordinality as u (num, n)
            join pg_attribute on attrelid = k.conrelid and attnum = num),
          'parent', k.confrelid::regclass::text,
          'parentColumns', (select json_agg(attname order by n) from unnest(k.confkey) with ordinality as u (num, n)
            join pg_attribute on attrelid = k.confrelid and attnum = num)
        ) order by k.conname), '[]')
        from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'f' and k.conparentid = 0
      ) as "foreignKeys",
      (
        select coalesce(json_agg(json_build_object(
          'columns', (select json_agg(attname) from pg_attribute where attrelid = k.conrelid and attnum = any (k.conkey)),
          'expression', pg_get_expr(k.conbin, k.conrelid)
        ) order by k.conname), '[]')
        from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c'
          and not exists (
            select from pg_attribute where attrelid = k.conrelid and attnum = any (k.conkey) and attgenerated <> ''
          )
      ) as checks
    from pg_class c
    where c.oid = $1::regclass`,
    [table],
  )
  return rows[0]
}
