import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Database, json, type Queryable, type Scope, sql } from '#platform/database'
import { uuid } from '#platform/http'
import { emitEvent } from '#platform/webhooks'
import { inCatalogue } from '../catalogue.ts'
import { ueiPattern } from '../uei.ts'
import { checkCustomData } from './fields.ts'
import { filled, type ItemFields } from './items.ts'
import { getList, requireEditable, takeLists } from './lists.ts'

/** The most contractors that one request names. */
export const mostAtOnce = 10_000

/** How many ids an event names at most; its count is always that of all. */
export const idsInEvent = 1_000

const Named = Type.Object({ contractorId: uuid, name: Type.String() })

/** What became of the contractors that were to be put into a list; each of them is in one of these. */
export const AdditionReport = Type.Object({
  added: Type.Integer({ description: 'Put into the list; of a trial: would be' }),
  itemIds: Type.Array(uuid, { description: 'The new items, in the order asked for; empty of a trial' }),
  alreadyIn: Type.Array(Named, { description: 'Were in the list and stay as they are' }),
  unknown: Type.Array(Type.String(), { description: 'Identifiers and ids of no contractor' }),
  ambiguous: Type.Array(Type.String(), { description: 'CAGE codes of several contractors: name them by UEI' }),
  invalid: Type.Array(Type.String(), { description: 'Neither a UEI (12 characters) nor a CAGE code (5)' }),
  repeated: Type.Integer({ description: 'Named more than once' }),
})
export type AdditionReport = Static<typeof AdditionReport>

/** Contractors by their ids, by identifiers as they were pasted, or as another list has them. */
export type Selection = { contractorIds: readonly string[] } | { text: string } | { listId: string }

type Found = { key: string; contractorId: string; name: string }

/** As `addSelection`, and webhooks are told of what was added. */
export async function addNamed(
  app: App,
  scope: Scope,
  listId: string,
  { selection, fields, isTrial }: { selection: Selection; fields: ItemFields; isTrial: boolean },
): Promise<AdditionReport> {
  const tell = async (tx: Queryable, { added, itemIds }: AdditionReport) => {
    if (added === 0) return
    const data = { listId, count: added, itemIds: itemIds.slice(0, idsInEvent) }
    await emitEvent(app, tx, { type: 'contractors.items.added', data })
  }
  return await addSelection(app.db, scope, listId, selection, fields, tell, isTrial)
}

/**
 * Puts contractors into a list, those that it has not; what is told of the others is complete. Refuses with
 * `usage.quota_exceeded` when they are more than the tenant may have, and then adds none.
 */
export async function addSelection(
  db: Database,
  scope: Scope,
  listId: string,
  selection: Selection,
  fields: ItemFields,
  work: (tx: Queryable, report: AdditionReport) => Promise<void>,
  isTrial = false,
): Promise<AdditionReport> {
  const resolved = await resolveSelection(db, scope, selection)
  const ids = [...new Set(resolved.found.map(each => each.contractorId))]
  if (!isTrial) await bringContractors(db, scope, ids)
  return await db.transaction(scope, async tx => {
    if (!isTrial) await takeLists(tx, listId)
    await requireEditable(tx, listId)
    if (fields.customData) checkCustomData((await getList(tx, listId)).settings.fields, fields.customData)
    const known = new Map(resolved.found.map(each => [each.contractorId, each.name]))
    const named = (contractorId: string) => ({ contractorId, name: known.get(contractorId) ?? '' })
    let report: AdditionReport
    const rest = {
      unknown: resolved.unknown,
      ambiguous: resolved.ambiguous,
      invalid: resolved.invalid,
      repeated: resolved.repeated + resolved.found.length - ids.length,
    }
    if (isTrial) {
      const there = await findHeld(tx, listId, ids)
      report = {
        added: ids.length - there.size,
        itemIds: [],
        alreadyIn: ids.filter(id => there.has(id)).map(named),
        ...rest,
      }
    } else {
      const added = await addContractors(tx, listId, ids, fields)
      const itemIds = ids.flatMap(id => added.get(id) ?? [])
      report = { added: itemIds.length, itemIds, alreadyIn: ids.filter(id => !added.has(id)).map(named), ...rest }
      await work(tx, report)
    }
    return report
  })
}

/**
 * Adds those that the list has not, the first on top; returns their items by contractor. They must have been brought. Refuses
 * as `requireEditable` does, also where somebody deletes the list at this moment.
 * `place` is for what comes in portions: since when, and how many came before.
 */
export async function addContractors(
  tx: Queryable,
  listId: string,
  contractorIds: readonly string[],
  fields: ItemFields = {},
  place: { since: Date; before: number } | undefined = undefined,
): Promise<Map<string, string>> {
  await takeLists(tx, listId)
  await requireEditable(tx, listId)
  const top = place ? sql`${place.since.toISOString()}::timestamptz` : sql`clock_timestamp()`
  const rows = await tx.run<{ id: string; contractorId: string }>(sql`
    insert into contractors.contractor_list_items
      (list_id, contractor_profile_id, notes, tags, rating, priority, custom_data, added_by, position)
    select
      ${listId}, profile.id, ${fields.notes ?? null}, ${json(fields.tags ?? [])}, ${fields.rating ?? null}::integer,
      ${fields.priority ?? null}, ${json(filled(fields.customData))}, platform.current_user_id(),
      -(select extract(epoch from ${top})) + (wanted.place + ${place?.before ?? 0}) * 0.000001
    from unnest(${[...contractorIds]}::uuid[]) with ordinality as wanted (id, place)
    join contractors.contractor_profiles as profile on profile.id = wanted.id
    where not profile.is_hidden
    on conflict (tenant_id, list_id, contractor_profile_id) do nothing
    returning id, contractor_profile_id as contractor_id
  `)
  return new Map(rows.map(row => [row.contractorId, row.id]))
}

/** Before any of them is put into a list: they are where the tenant has its lists. */
export async function bringContractors(db: Database, scope: Scope, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.bring(scope, 'contractors.contractor_profiles', 'id', ids)
}

/** Which of these contractors the list has. */
export async function findHeld(tx: Queryable, listId: string, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.run<{ contractorId: string }>(sql`
    select contractor_profile_id as contractor_id
    from contractors.contractor_list_items
    where list_id = ${listId}
      and contractor_profile_id = any(${[...ids]}::uuid[])
  `)
  return new Set(rows.map(row => row.contractorId))
}

export type Codes = { ueis: string[]; cageCodes: string[]; invalid: string[]; repeated: number }

/** The identifiers in a text in which anything may stand between them: spaces, commas, line ends, quotes, `UEI:`. */
export function readCodes(text: string): Codes {
  const words = text
    .toUpperCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '' && !labels.has(word))
  const once = [...new Set(words)]
  return {
    ueis: once.filter(word => ueiPattern.test(word)),
    cageCodes: once.filter(word => cagePattern.test(word)),
    invalid: once.filter(word => !ueiPattern.test(word) && !cagePattern.test(word)),
    repeated: words.length - once.length,
  }
}

/** Five characters; of firms in the United States the first and the last are digits. */
export const cagePattern = /^[0-9A-Z]{5}$/
const labels = new Set(['UEI', 'UEIS', 'CAGE', 'CODE', 'CODES', 'AND', 'OR'])

async function resolveSelection(db: Database, scope: Scope, selection: Selection) {
  const nothing = { unknown: [] as string[], ambiguous: [] as string[], invalid: [] as string[], repeated: 0 }
  if ('listId' in selection) {
    const found = await db.scoped(scope).run<Found>(sql`
      select item.id as key, profile.id as contractor_id, profile.name
      from contractors.contractor_list_items as item
      join contractors.contractor_profiles as profile on profile.id = item.contractor_profile_id
      where item.list_id = ${selection.listId}
      order by item.position, item.id
    `)
    await getList(db.scoped(scope), selection.listId)
    return { ...nothing, found }
  }
  if ('contractorIds' in selection) {
    const ids = [...new Set(selection.contractorIds)]
    const found = await findByIds(db, scope, ids)
    const known = new Set(found.map(each => each.key))
    const repeated = selection.contractorIds.length - ids.length
    return { ...nothing, found, unknown: ids.filter(id => !known.has(id)), repeated }
  }
  const { ueis, cageCodes, invalid, repeated } = readCodes(selection.text)
  const { found, unknown, ambiguous } = await findByCodes(db, scope, ueis, cageCodes)
  return { found, unknown, ambiguous, invalid, repeated }
}

async function findByIds(db: Database, scope: Scope, ids: readonly string[]): Promise<Found[]> {
  return await db.scoped(inCatalogue(scope)).run<Found>(sql`
    select wanted.id::text as key, survivor.id as contractor_id, survivor.name
    from unnest(${[...ids]}::uuid[]) with ordinality as wanted (id, place)
    join contractors.contractor_profiles as profile on profile.id = wanted.id
    join contractors.contractor_profiles as survivor on survivor.id = coalesce(profile.merged_into, profile.id)
    where not survivor.is_hidden
    order by wanted.place
  `)
}

/** Contractors by UEI and CAGE code; one that was absorbed by another is that one. */
export async function findByCodes(
  db: Database,
  scope: Scope,
  ueis: readonly string[],
  cageCodes: readonly string[] = [],
): Promise<{ found: Found[]; unknown: string[]; ambiguous: string[] }> {
  const rows = await db.scoped(inCatalogue(scope)).run<Found>(sql`
    select distinct wanted.code as key, wanted.place, survivor.id as contractor_id, survivor.name
    from (
      select code, place, profile.id
      from unnest(${[...ueis]}::text[]) with ordinality as given (code, place)
      join contractors.contractor_profiles as profile on profile.uei = given.code
      union all
      select code, ${ueis.length} + place, profile.id
      from unnest(${[...cageCodes]}::text[]) with ordinality as given (code, place)
      join contractors.contractor_profiles as profile on profile.cage_code = given.code
    ) as wanted
    join contractors.contractor_profiles as profile on profile.id = wanted.id
    join contractors.contractor_profiles as survivor on survivor.id = coalesce(profile.merged_into, profile.id)
    where not survivor.is_hidden
    order by wanted.place, survivor.id
  `)
  const byKey = Map.groupBy(rows, row => row.key)
  const ambiguous = [...byKey].filter(([, each]) => each.length > 1).map(([key]) => key)
  return {
    found: [...byKey.values()].flatMap(each => (each.length === 1 ? each : [])),
    unknown: [...ueis, ...cageCodes].filter(code => !byKey.has(code)),
    ambiguous,
  }
}
