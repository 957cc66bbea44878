import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Scope, sql } from '#platform/database'
import { uuid } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { todayFor } from '../days.ts'
import type { ListField } from '../lists/fields.ts'
import { getList } from '../lists/lists.ts'
import { type Contractor, contractorColumns as contractorSelection } from '../profiles/profile-pages.ts'
import { nameCodes } from '../search/code-names.ts'
import { iterateSearch } from '../search/iterate.ts'
import { getFamilies, Search, searchContractors } from '../search/search.ts'
import { findTarget, matches } from '../search/targets.ts'
import { type Column, contractorColumns, familyColumns, itemColumns, type Row } from './columns.ts'
import { errors } from './export-errors.ts'

/** Which contractors are exported: ticked ones, a list (or ticked ones of it, by contractor) with its notes, or a search. */
export const Selection = Type.Object({
  ids: Type.Optional(
    Type.Array(uuid, { minItems: 1, maxItems: 5_000, uniqueItems: true, description: 'Contractors, in this order' }),
  ),
  listId: Type.Optional(uuid),
  search: Type.Optional(Search),
})
export type Selection = Static<typeof Selection>

/** A selection as it can be read. */
export type Selected = {
  title: string
  /** What is in it, in words, one line each. */
  filters: string[]
  columns: Column[]
  /** Contractors in it now; null where counting them all would take longer than an answer may. */
  total: number | null
  /** Counts them where `total` is null. */
  count?: () => Promise<number>
  /** Portions of up to 1,000 rows. */
  batches: (limit: number) => AsyncIterable<Row[]>
}

const portion = 1_000

/** Refuses a selection that says nothing or several things, and a list that the user does not see. */
export async function openSelection(app: App, scope: Scope, selection: Selection): Promise<Selected> {
  const { ids, listId, search } = selection
  if (listId !== undefined && search === undefined) return await openList(app, scope, listId, ids)
  if (ids !== undefined && listId === undefined && search === undefined) return openTicked(app, scope, ids)
  if (search !== undefined && ids === undefined && listId === undefined) return await openSearch(app, scope, search)
  throw errors.exportSelectionUnclear()
}

function openTicked(app: App, scope: Scope, ids: readonly string[]): Selected {
  return {
    title: 'Selected contractors',
    filters: [`${ids.length} selected ${ids.length === 1 ? 'contractor' : 'contractors'}`],
    columns: [...contractorColumns],
    total: ids.length,
    async *batches(limit) {
      for (let from = 0; from < Math.min(ids.length, limit); from += portion) {
        const some = ids.slice(from, Math.min(from + portion, limit))
        const found = await contractorsById(app, scope, some)
        const rows = some.flatMap(id => found.get(id) ?? [])
        if (rows.length > 0) yield rows
      }
    },
  }
}

async function openSearch(app: App, scope: Scope, search: Search): Promise<Selected> {
  const today = await todayFor(app, scope)
  const { total, correctedQuery } = await app.db.transaction(inCatalogue(scope), tx =>
    searchContractors(tx, { ...search, limit: 1, today }),
  )
  // What the person saw when he asked: the words that were searched for instead of mistyped ones.
  const shown = correctedQuery === undefined ? search : { ...search, q: correctedQuery }
  const names = await nameCodes(app.db.scoped(inCatalogue(scope)), [shown])
  return {
    title: 'Contractors found',
    filters: wordsOf(shown, names),
    columns: columnsOfSearch(search),
    total: total.capped ? null : total.count,
    batches: limit => rowsOfSearch(app, scope, search, { limit }),
    count: () => countSearch(app, scope, search),
  }
}

/** What can be told of those that a search finds: rolled up, of their families too. */
export const columnsOfSearch = ({ rollUp }: Search): Column[] => [
  ...contractorColumns,
  ...(rollUp ? familyColumns : []),
]

/** All that a search finds, in its order; rolled up, each with the sums by which it was sorted. */
export async function* rowsOfSearch(
  app: App,
  scope: Scope,
  search: Search,
  { limit }: { limit: number },
): AsyncIterable<Row[]> {
  for await (const contractors of iterateSearch(app, scope, search, { limit })) {
    if (!search.rollUp) {
      yield contractors
      continue
    }
    const families = new Map(
      (await getFamilies(app.db.scoped(inCatalogue(scope)), contractors)).map(family => [family.contractorId, family]),
    )
    yield contractors.map(contractor => {
      const family = families.get(contractor.id)
      const sums = family ?? contractor
      return {
        ...contractor,
        familyName: family?.name ?? contractor.name,
        familyUei: family?.uei ?? contractor.uei,
        familyContractorCount: family?.contractorCount ?? 1,
        familyContractValue: sums.totalContractValue,
        familyActiveContractsCount: sums.activeContractsCount,
        familyCompletedContractsCount: sums.completedContractsCount,
      }
    })
  }
}

/** All of them, however many. */
async function countSearch(app: App, scope: Scope, search: Search): Promise<number> {
  const today = await todayFor(app, scope)
  return await app.db.transaction(inCatalogue(scope), async tx => {
    const { found } = await findTarget(
      tx,
      search,
      { today },
      async target => {
        const { count } = await tx.one<{ count: number }>(sql`
          select count(*) as count
          from contractors.contractor_profiles
          where ${matches(target, 'words index')}
            and ${target.bounds}`)
        return count
      },
      count => count === 0,
    )
    return found
  })
}

async function openList(app: App, scope: Scope, listId: string, ids: readonly string[] | undefined): Promise<Selected> {
  const tx = app.db.scoped(scope)
  const list = await getList(tx, listId)
  const { settings } = await tx.one(sql<{ settings: { fields?: unknown } }>`
    select settings
    from contractors.contractor_lists
    where id = ${listId}`)
  const own = ownColumns(settings.fields)
  const total = ids === undefined ? list.itemCount : Math.min(ids.length, list.itemCount)
  return {
    title: list.name,
    filters: [
      ids === undefined
        ? 'All contractors of the list'
        : `${ids.length} selected ${ids.length === 1 ? 'contractor' : 'contractors'} of the list`,
    ],
    columns: [...contractorColumns, ...itemColumns, ...own],
    total,
    batches: limit => listRows(app, scope, { listId, ids, own, limit }),
  }
}

type ItemRow = {
  contractorId: string
  position: string
  id: string
  customData: Record<string, unknown>
  [key: string]: unknown
}

/** In the order of the list by hand. Items are read a portion at a time, each portion as it is then. */
async function* listRows(
  app: App,
  scope: Scope,
  { listId, ids, own, limit }: { listId: string; ids: readonly string[] | undefined; own: Column[]; limit: number },
): AsyncIterable<Row[]> {
  const tx = app.db.scoped(scope)
  let after: ItemRow | undefined
  let left = limit
  while (left > 0) {
    const items: ItemRow[] = await tx.run(sql<ItemRow>`
      select
        item.contractor_profile_id as contractor_id, item.position, item.id, item.custom_data, item.notes, item.tags,
        item.rating, item.priority, item.added_at
      from contractors.contractor_list_items as item
      where item.list_id = ${listId}
        ${ids ? sql`and item.contractor_profile_id = any(${ids}::uuid[])` : sql``}
        ${after ? sql`and (item.position, item.id) > (${after.position}::numeric, ${after.id}::uuid)` : sql``}
      order by item.position, item.id
      limit ${Math.min(portion, left)}`)
    if (items.length === 0) return
    after = items.at(-1)
    left -= items.length
    const found = await contractorsById(
      app,
      scope,
      items.map(({ contractorId }) => contractorId),
    )
    const rows = items.flatMap(({ id, position, contractorId, customData, ...noted }) => {
      const contractor = found.get(contractorId)
      if (!contractor) return []
      const values = own.map(({ key }) => [key, customData[key.slice(ownPrefix.length)] ?? null] as const)
      return [{ ...contractor, ...noted, ...Object.fromEntries(values) }]
    })
    if (rows.length > 0) yield rows
  }
}

const ownPrefix = 'custom.'

/** Whether it is a field of the list's own. */
export const isOwn = (key: string) => key.startsWith(ownPrefix)

/** The fields that a list has of its own: `settings.fields`; a list that never had any has no such key. */
function ownColumns(fields: unknown): Column[] {
  if (!Array.isArray(fields)) return []
  return (fields as ListField[]).map(({ id, name, kind }) => ({
    key: `${ownPrefix}${id}`,
    label: name,
    kind: columnKinds[kind],
    of: 'item',
    width: 18,
    isDefault: true,
  }))
}

const columnKinds: Readonly<Record<ListField['kind'], Column['kind']>> = {
  text: 'text',
  choice: 'text',
  number: 'decimal',
  date: 'date',
  yes_no: 'boolean',
}

/**
 * By the ids asked for. Who did not agree to be shown is missing; of one that was absorbed by another the values are those
 * of the other.
 */
async function contractorsById(app: App, scope: Scope, ids: readonly string[]): Promise<Map<string, Contractor>> {
  const rows = await app.db.scoped(inCatalogue(scope)).run(sql<Contractor & { askedId: string }>`
    with asked as (
      select id as asked_id, coalesce(merged_into, id) as shown_id
      from contractors.contractor_profiles
      where id = any(${ids}::uuid[])
    )
    select asked.asked_id, ${contractorSelection}
    from asked
    join contractors.contractor_profiles on contractor_profiles.id = asked.shown_id
    where not is_hidden`)
  return new Map(rows.map(({ askedId, ...contractor }) => [askedId, contractor as Contractor]))
}

const labels: Readonly<Record<string, string>> = {
  q: 'Words',
  state: 'State',
  city: 'City',
  district: 'Congressional district',
  naics: 'NAICS code begins with',
  businessType: 'Business type',
  certification: 'Certification',
  certifiedOn: 'Certified on',
  agency: 'Agency',
  status: 'Registration',
  registeredSince: 'Registered since',
  minValue: 'Total contract value from',
  maxValue: 'Total contract value up to',
  hasActiveContracts: 'With active contracts',
  includePlaceholders: 'With unnamed recipients',
  rollUp: 'Rolled up to parents',
  sort: 'Sorted by',
}

const orderNames: Readonly<Record<string, string>> = {
  relevance: 'best match',
  value: 'contract value',
  name: 'name',
  updated: 'latest update',
  awarded: 'latest award',
}

/** What a search asks for, a line for each condition; codes with their `names`, as `nameCodes` tells them. */
export function wordsOf(
  search: Readonly<Record<string, unknown>>,
  names: Readonly<Record<string, string>> = {},
): string[] {
  const lines = Object.entries(search).flatMap(([term, value]) => {
    if (value === undefined || value === '' || value === false || (Array.isArray(value) && value.length === 0))
      return []
    const wordOf = (each: unknown) => {
      if (each === true) return 'yes'
      if (term === 'sort') return orderNames[String(each)] ?? String(each)
      const name = names[`${term} ${each}`]
      return name === undefined ? String(each) : name.includes(String(each)) ? name : `${name} (${each})`
    }
    return [`${labels[term] ?? term}: ${[value].flat().map(wordOf).join(', ')}`]
  })
  return lines.length > 0 ? lines : ['All contractors']
}
