import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import { type CatalogObject, readCatalog } from './catalog.ts'
import { type MigrationOptions, migrateDatabase, readMigrationStatus } from './migrate.ts'
import { connectAs } from './migrator.ts'

const errors = errorTable('migrations', {
  notCurrent: ['conflict', 'Drift is told for a database that has all its migrations: {reason}'],
  noScratch: [
    'forbidden',
    '{login} may not create the scratch database that the migrations are replayed into ({reason}).',
  ],
})

/** One object that is not as the migrations make it. `repair` is SQL that puts it back; a line `-- by hand` where none is safe. */
export type Difference = {
  object: string
  found: 'missing' | 'unexpected' | 'changed'
  expectedSql: string | null
  foundSql: string | null
  repair: string
}

/**
 * Replays all migrations into a scratch database on the same server, compares the two catalogs, and drops it again.
 * Refuses while migrations are pending or amiss, and where the login may not create a database.
 */
export async function findDrift(options: MigrationOptions): Promise<Difference[]> {
  const status = await readMigrationStatus(options)
  const pending = [...status.migrations, ...status.repeatables].find(({ state }) => state !== 'applied')
  if (status.faults[0]) throw errors.notCurrent({ reason: status.faults[0] })
  if (pending) throw errors.notCurrent({ reason: `${pending.name} is ${pending.state}.` })

  const scratch = `commonhold_drift_${randomBytes(6).toString('hex')}`
  const client = await connectAs(options.admin)
  try {
    await client.query(`create database ${scratch} template template0`).catch(error => {
      if (error instanceof pg.DatabaseError && error.code === '42501') {
        throw errors.noScratch({ login: options.admin.user ?? 'The login', reason: error.message }, error)
      }
      throw error
    })
    try {
      const admin = { ...options.admin, connectionString: undefined, database: scratch }
      await migrateDatabase({ ...options, admin, to: undefined, log: undefined })
      const replayed = await connectAs(admin)
      const expected = await readCatalog(replayed).finally(() => replayed.end())
      return compareCatalogs(expected, await readCatalog(client))
    } finally {
      await client.query(`drop database if exists ${scratch} with (force)`)
    }
  } finally {
    await client.end()
  }
}

/** What differs, in the catalog's order. The parts of a table that is missing or unexpected are not told one by one. */
export function compareCatalogs(expected: readonly CatalogObject[], found: readonly CatalogObject[]): Difference[] {
  const wanted = new Map(expected.map(object => [object.id, object]))
  const present = new Map(found.map(object => [object.id, object]))
  const whole = (objects: Map<string, CatalogObject>, { kind, id, schema, relation }: CatalogObject) => {
    const isPart = relation !== '' && !id.endsWith(` ${relation}`)
    const owner = isPart
      ? holders.map(holder => `${holder} ${relation}`)
      : kind === 'schema'
        ? []
        : [`schema ${schema}`]
    return owner.length === 0 || schema === '' || (schema === 'public' && !isPart) || owner.some(id => objects.has(id))
  }
  const differences: Difference[] = []
  for (const object of expected) {
    const other = present.get(object.id)
    if (!other) {
      if (whole(present, object)) differences.push(differenceOf(object, undefined))
    } else if (other.create !== object.create) differences.push(differenceOf(object, other))
  }
  for (const object of found) {
    if (!wanted.has(object.id) && whole(wanted, object)) differences.push(differenceOf(undefined, object))
  }
  return differences
}

const holders = ['table', 'view', 'materialized view', 'sequence', 'foreign table']

function differenceOf(expected: CatalogObject | undefined, found: CatalogObject | undefined): Difference {
  return {
    object: (expected ?? (found as CatalogObject)).id,
    found: expected ? (found ? 'changed' : 'missing') : 'unexpected',
    expectedSql: expected?.create ?? null,
    foundSql: found?.create ?? null,
    repair: repairOf(expected, found),
  }
}

function repairOf(expected: CatalogObject | undefined, found: CatalogObject | undefined): string {
  if (!expected) return found?.drop ?? ''
  if (!found) return additionOf(expected)
  switch (expected.kind) {
    case 'column':
      return repairOfColumn(expected, found)
    case 'routine':
    case 'comment':
      return expected.create
    case 'view':
      return expected.create.replace(/^create view/, 'create or replace view')
    case 'sequence':
      return expected.create.replace(/^create sequence/, 'alter sequence')
    case 'table':
    case 'type':
    case 'schema':
      return byHand
    default:
      return `${found.drop}\n${additionOf(expected)}`
  }
}

const byHand = '-- by hand: what is safe depends on the data'

function additionOf({ kind, relation, create }: CatalogObject): string {
  if (kind === 'column') return `alter table ${relation} add column ${create};`
  if (kind === 'constraint') return `alter table ${relation} add ${create};`
  if (kind === 'table') return `${create.replace(/;/, ' ();')} -- and what belongs to it: see db/schema.sql`
  return create
}

function repairOfColumn(expected: CatalogObject, found: CatalogObject): string {
  if (!expected.column || !found.column) return byHand
  const { name, type, isRequired, default: value } = expected.column
  const alter = `alter table ${expected.relation} alter column ${name}`
  const repairs: string[] = []
  if (type !== found.column.type) repairs.push(`${alter} type ${type} using ${name}::${type};`)
  if (value !== found.column.default)
    repairs.push(value === null ? `${alter} drop default;` : `${alter} set default ${value};`)
  if (isRequired !== found.column.isRequired) repairs.push(`${alter} ${isRequired ? 'set' : 'drop'} not null;`)
  return repairs.join('\n') || byHand
}
