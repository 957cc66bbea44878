import type pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import { type CatalogObject, readCatalog } from './catalog.ts'
import { additionOf, tableText } from './dump.ts'
import { withoutGroupings } from './groupings.ts'
import { type MigrationOptions, readMigrationStatus } from './migrate.ts'
import { connectAs } from './migrator.ts'
import { inReplay } from './replay.ts'

const errors = errorTable('migrations', {
  notCurrent: ['conflict', 'Drift is told for a database that has all its migrations: {reason}'],
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

  const expected = await inReplay(options, readCatalogOf)
  return compareCatalogs(expected, await readCatalogOf(options.admin))
}

/** The catalog of the database that `admin` connects to. */
export async function readCatalogOf(admin: pg.ClientConfig): Promise<CatalogObject[]> {
  const client = await connectAs(admin)
  return await readCatalog(client).finally(() => client.end())
}

/** What differs, in an order in which the repairs can be run. The parts of a table that is missing or unexpected are not told one by one. */
export function compareCatalogs(expected: readonly CatalogObject[], found: readonly CatalogObject[]): Difference[] {
  const wanted = new Map(expected.map(object => [object.id, object]))
  const present = new Map(found.map(object => [object.id, object]))
  const added = found
    .filter(object => !wanted.has(object.id) && isWhole(object, present, wanted))
    .map(object => differenceOf(undefined, object, expected))
  const changed = expected.flatMap(object => {
    const other = present.get(object.id)
    const isSame = other ? isAlike(other.create, object.create) : !isWhole(object, wanted, present)
    return isSame ? [] : [differenceOf(object, other, expected)]
  })
  // What depends on others comes behind them in a catalog.
  return [...added.reverse(), ...changed]
}

const isAlike = (one: string, other: string) => one === other || withoutGroupings(one) === withoutGroupings(other)

type Objects = ReadonlyMap<string, CatalogObject>

/** Not a part of something that is itself there on one side only. */
function isWhole({ holder }: CatalogObject, here: Objects, there: Objects): boolean {
  return there.has(holder) || !here.has(holder)
}

function differenceOf(
  expected: CatalogObject | undefined,
  found: CatalogObject | undefined,
  all: readonly CatalogObject[],
): Difference {
  return {
    object: (expected ?? (found as CatalogObject)).id,
    found: expected ? (found ? 'changed' : 'missing') : 'unexpected',
    expectedSql: expected?.create ?? null,
    foundSql: found?.create ?? null,
    repair: repairOf(expected, found, all),
  }
}

function repairOf(
  expected: CatalogObject | undefined,
  found: CatalogObject | undefined,
  all: readonly CatalogObject[],
): string {
  if (!expected) return found?.drop ?? ''
  if (!found) {
    const parts = all.filter(({ holder }) => holder === expected.id)
    return expected.kind === 'table'
      ? tableText([expected, ...parts])
      : [additionOf(expected), ...parts.map(additionOf)].join('\n')
  }
  switch (expected.kind) {
    case 'column':
      return repairOfColumn(expected, found)
    case 'routine':
    case 'comment':
      return expected.create
    case 'row security':
      // Off and on again would leave a moment without it.
      return expected.create.startsWith(found.create) ? expected.create : `${found.drop}\n${expected.create}`
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
