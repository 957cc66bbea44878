import { sql as fragment, type RawBuilder } from 'kysely'
import { type App, mainApp } from '#platform/app.ts'
import { type Statements, sql } from '#platform/database'
import type { Module, RetentionDeclaration } from '#platform/module.ts'
import { errors } from '../errors.ts'
import type { Holds } from './holds.ts'

export type Declared = RetentionDeclaration & {
  name: string
  module: Module
}

/** GG-16: what all modules declare, in their order. Refuses (`operations.retention_unknown`) a name that none has. */
export function listDeclared(given: App, name?: string): Declared[] {
  const all = mainApp(given).modules.flatMap(module =>
    Object.entries(module.retention ?? {}).map(([key, declaration]) => ({ ...declaration, name: key, module })),
  )
  if (name === undefined) return all
  const found = all.filter(each => each.name === name)
  if (found.length === 0)
    throw errors.retentionUnknown({ name, names: all.map(each => each.name).join(', ') || 'none' })
  return found
}

/** What a table says of whose its rows are. */
export type Shape = {
  /** Columns that name a tenant. */
  tenantColumns: string[]
  /** Columns that name a user: by a foreign key, or called `user_id`. */
  userColumns: string[]
  owner: string
}

/** Undefined where this database does not have the table. Refuses a column that is no moment. */
export async function readShape(tx: Statements, { name, table, by }: Declared): Promise<Shape | undefined> {
  const found = await tx.maybe(sql<{
    owner: string
    type: string | null
    tenantColumns: string[]
    userColumns: string[]
  }>`
    select
      c.relowner::regrole::text as owner,
      (
        select format_type(a.atttypid, null)
        from pg_attribute a
        where a.attrelid = c.oid
          and a.attname = ${by}
          and not a.attisdropped
      ) as type,
      coalesce(named.tenants, '{}') as tenant_columns,
      coalesce(named.users, '{}') as user_columns
    from pg_class c
    cross join lateral (
      select
        array_agg(a.attname::text) filter (where a.attname = 'tenant_id' or refers.to_table = 'tenancy.tenants') as tenants,
        array_agg(a.attname::text) filter (where a.attname = 'user_id' or refers.to_table = 'identity.users') as users
      from pg_attribute a
      left join lateral (
        select distinct on (k.confrelid) k.confrelid::regclass::text as to_table
        from pg_constraint k
        where k.conrelid = c.oid
          and k.contype = 'f'
          and k.conkey = array[a.attnum]
      ) as refers on true
      where a.attrelid = c.oid
        and a.attnum > 0
        and not a.attisdropped
    ) as named
    where c.oid = to_regclass(${table})`)
  if (!found) return undefined
  const { type, ...shape } = found
  if (!type?.startsWith('timestamp')) throw new Error(`retention ${name}: ${table} has no moment ${by}`)
  return shape
}

/** The moment before which rows go. Never later than the database's own clock allows, whatever this machine's says. */
export const cutoffOf = (now: Date, { after }: Declared): RawBuilder<Date> =>
  fragment`(least(${now}::timestamptz, now()) - ${after}::interval)`

/** Rows, as `t`, that are due by their age and the condition, held or not. Names come from the declaration, quoted. */
export function dueOf(now: Date, declared: Declared): RawBuilder<boolean> {
  const { by, condition } = declared
  const isOld = fragment<boolean>`t.${fragment.ref(by)} < ${cutoffOf(now, declared)}`
  return condition === undefined ? isOld : fragment<boolean>`${isOld} and (${fragment.raw(condition)})`
}

/** Rows, as `t`, that a hold keeps. */
export function heldOf({ tenantColumns, userColumns }: Shape, { tenants, users }: Holds): RawBuilder<boolean> {
  const named = [
    ...tenantColumns.map(column => [column, tenants] as const),
    ...userColumns.map(column => [column, users] as const),
  ].filter(([, ids]) => ids.length > 0)
  if (named.length === 0) return fragment<boolean>`false`
  const each = named.map(
    ([column, ids]) => fragment`coalesce(t.${fragment.ref(column)} = any (${[...ids]}::uuid[]), false)`,
  )
  return fragment<boolean>`(${fragment.join(each, fragment` or `)})`
}
