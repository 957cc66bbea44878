import type { App } from '#platform/app.ts'
import { readTenantTables, type Side, type TenantTable } from '#platform/database'
import type { PortabilityDeclaration, WithheldColumn } from '#platform/module.ts'

/** The tables that rows of a tenant lead to and that are matched in ways of their own. */
export const accountsTable = 'identity.users'
export const tenantsTable = 'tenancy.tenants'
export const membershipsTable = 'tenancy.user_tenants'

/** A table as it goes along. */
export type PortableTable = TenantTable & {
  /** Of the tenant's own row `id`, else `tenant_id`; it is in no row of the archive. */
  owner: 'id' | 'tenant_id'
  /** What the archive has of each row. */
  carried: string[]
  /** By column. */
  withheld: Readonly<Record<string, WithheldColumn>>
  /** Columns with ids, and the table whose ids these are. */
  spaces: Readonly<Record<string, string>>
}

export type Contents = {
  /** Those that others refer to first. */
  tables: PortableTable[]
  stays: { table: string; reason: string }[]
  /** Shared tables with the columns by which their rows are found elsewhere. */
  naturalKeys: Required<PortabilityDeclaration>['naturalKeys']
}

/** What goes along with a tenant, as the catalog of this database and the modules of this program have it. */
export async function readContents(side: Side, { modules }: Pick<App, 'modules'>): Promise<Contents> {
  const declared = modules.flatMap(({ portability }) => portability ?? [])
  const stays = Object.assign({}, ...declared.map(each => each.stays ?? {})) as Record<string, string>
  const withheld = Object.assign({}, ...declared.map(each => each.withheld ?? {})) as Record<string, WithheldColumn>
  // A secret that nobody spoke of stays all the same.
  for (const { table, column } of modules.flatMap(({ encrypted }) => encrypted ?? [])) {
    withheld[`${table}.${column}`] ??= { reason: 'A secret of this installation' }
  }
  const naturalKeys = Object.assign({}, ...declared.map(each => each.naturalKeys ?? {}))
  const { rows } = await side.query<{ schema: string }>(
    "select nspname as schema from pg_namespace where nspname !~ '^pg_|^information_schema$'",
  )
  const { tables, shared } = await readTenantTables(
    side,
    rows.map(({ schema }) => schema),
  )
  const copies = await side.query<{ name: string }>(
    "select oid::regclass::text as name from pg_class where obj_description(oid, 'pg_class') like '%: drop it when it is of no more use'",
  )
  for (const { name } of copies.rows) stays[name] = 'A copy of rows of before, made by a restore'
  const reasonOf = (name: string) => stays[name] ?? stays[`${name.split('.')[0]}.*`]
  const carried = tables.filter(({ name }) => reasonOf(name) === undefined)
  const tenants = shared.find(({ name }) => name === tenantsTable)
  if (!tenants) throw new Error('No table leads to the tenants')
  const described = [{ ...tenants, hasIdentity: false, isPartitioned: false }, ...carried]
  return {
    tables: described.map(table => portable(table, withheld, described)),
    stays: tables.flatMap(({ name }) => {
      const reason = reasonOf(name)
      return reason === undefined ? [] : [{ table: name, reason }]
    }),
    naturalKeys,
  }
}

function portable(
  table: TenantTable,
  withheld: Readonly<Record<string, WithheldColumn>>,
  all: readonly TenantTable[],
): PortableTable {
  const { name, columns, types } = table
  const owner = name === tenantsTable ? 'id' : 'tenant_id'
  const own = columns.filter(column => column !== owner)
  const isWithheld = (column: string) => withheld[`${name}.${column}`] !== undefined
  return {
    ...table,
    owner,
    carried: own.filter(column => !isWithheld(column)),
    withheld: Object.fromEntries(
      own.filter(isWithheld).map(column => [column, withheld[`${name}.${column}`] as WithheldColumn]),
    ),
    spaces: Object.fromEntries(
      own.flatMap(column => {
        const space = types[column] === 'uuid' ? spaceOf(table, column, all) : undefined
        return space === undefined ? [] : [[column, space]]
      }),
    ),
  }
}

/** The table whose ids a column has, following keys that lead on; its own where it is part of the primary key. */
function spaceOf(table: TenantTable, column: string, all: readonly TenantTable[]): string | undefined {
  for (const { columns, table: parentName, referred } of table.references) {
    const target = referred[columns.indexOf(column)]
    if (target === undefined || (parentName === table.name && target === column)) continue
    const parent = all.find(({ name }) => name === parentName)
    return parent && parentName !== table.name ? (spaceOf(parent, target, all) ?? parentName) : parentName
  }
  return table.key.includes(column) ? table.name : undefined
}
