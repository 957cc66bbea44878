import { type Static, Type } from 'typebox'
import { json, onViolation, type Queryable, sql } from '#platform/database'
import { cutPage, type IfMatch, oneOf, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { getRevision, mostKept, type NewMatches } from './new-matches.ts'
import { Search } from './search.ts'

const alerts = ['never', 'daily', 'at_once'] as const

/** A search that somebody keeps for himself; `newCount` is exact, however many are kept by name. */
export const SavedSearch = Type.Object({
  id: uuid,
  name: Type.String(),
  search: Search,
  alert: oneOf(alerts, {
    description: '`daily`: at seven by your clock; `at_once`: after each change of the catalogue',
  }),
  newCount: Type.Integer({ description: 'Contractors that are new in it since you looked' }),
  checkedAt: { ...timestamp, description: 'When it was last held against the catalogue' },
  seenAt: { ...timestamp, description: 'When you last looked at what is new' },
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type SavedSearch = Static<typeof SavedSearch>

export const SavedSearchFields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' }),
  search: Search,
  alert: Type.Optional(oneOf(alerts)),
})
export type SavedSearchFields = Static<typeof SavedSearchFields>

/** One's own, by name. */
export async function listSavedSearches(tx: Queryable): Promise<SavedSearch[]> {
  return await tx.run(sql<SavedSearch>`${selectSaved} order by lower(saved.name), saved.id`)
}

export async function getSavedSearch(tx: Queryable, id: string): Promise<SavedSearch> {
  const saved = await tx.maybe(sql<SavedSearch>`${selectSaved} where saved.id = ${id}`)
  if (!saved) throw errors.savedSearchNotFound({ id })
  return saved
}

/**
 * From `revision` of the catalogue on there is news in it; from the latest where the catalogue is in the same database.
 * Refuses with `contractors.saved_searches_full` who has 100.
 */
export async function saveSearch(
  tx: Queryable,
  { name, search, alert = 'never' }: SavedSearchFields,
  revision?: number,
): Promise<SavedSearch> {
  const made = await onViolation(
    tx.one(sql<{ id: string }>`
      insert into contractors.saved_searches (user_id, name, search, alert)
      values (platform.current_user_id(), ${name.trim()}, ${json(search)}, ${alert})
      returning id
    `),
    { saved_searches_name_unique: errors.savedSearchNameTaken },
  )
  await tx.run(sql`
    insert into contractors.saved_search_states (saved_search_id, revision)
    values (${made.id}, ${revision ?? (await getRevision(tx))})
  `)
  return await getSavedSearch(tx, made.id)
}

/** Looking for something else, it has no news yet; and none of the past when alerts begin. `tx` is a transaction. */
export async function updateSavedSearch(
  tx: Queryable,
  id: string,
  { name, search, alert }: Partial<SavedSearchFields>,
  revision: number,
  ifMatch?: IfMatch,
): Promise<SavedSearch> {
  await tx.run(sql`select from contractors.saved_searches where id = ${id} for no key update`)
  const before = await getSavedSearch(tx, id)
  if (ifMatch !== undefined) requireMatch(ifMatch, before)
  const sets = [
    name !== undefined && sql`name = ${name.trim()}`,
    search !== undefined && sql`search = ${json(search)}`,
    alert !== undefined && sql`alert = ${alert}`,
  ].filter(set => set !== false)
  if (sets.length > 0) {
    await onViolation(
      tx.run(sql`
        update contractors.saved_searches
        set ${sql.join(sets)}
        where id = ${id}
      `),
      { saved_searches_name_unique: errors.savedSearchNameTaken },
    )
  }
  const isAnother = search !== undefined && JSON.stringify(search) !== JSON.stringify(before.search)
  if (isAnother) await tx.run(sql`delete from contractors.saved_search_matches where saved_search_id = ${id}`)
  if (isAnother || (before.alert === 'never' && alert !== undefined && alert !== 'never')) {
    await tx.run(sql`
      update contractors.saved_search_states
      set revision = ${revision}, checked_at = now() ${isAnother ? sql`, new_count = 0, seen_at = now()` : sql``}
      where saved_search_id = ${id}
    `)
  }
  return await getSavedSearch(tx, id)
}

export async function deleteSavedSearch(tx: Queryable, id: string): Promise<void> {
  const gone = await tx.maybe(sql`delete from contractors.saved_searches where id = ${id} returning id`)
  if (!gone) throw errors.savedSearchNotFound({ id })
}

/** How far a saved search has been held against the catalogue. */
export async function getCheckedRevision(tx: Queryable, id: string): Promise<number> {
  const state = await tx.maybe(sql<{ revision: number }>`
    select revision
    from contractors.saved_search_states
    where saved_search_id = ${id}
  `)
  if (!state) throw errors.savedSearchNotFound({ id })
  return state.revision
}

/**
 * Writes down what was found since revision `since`, once: false where somebody has done so already, for whatever reason
 * he looked. Of all that is new to its user the latest 1,000 are kept by name. `tx` is a transaction.
 */
export async function noteNewMatches(tx: Queryable, id: string, since: number, found: NewMatches): Promise<boolean> {
  const moved = await tx.maybe(sql`
    update contractors.saved_search_states
    set revision = ${found.revision}, checked_at = now(), new_count = new_count + ${found.count}
    where saved_search_id = ${id}
      and revision = ${since}
    returning saved_search_id
  `)
  if (!moved) return false
  if (found.count === 0) return true
  await tx.run(sql`
    insert into contractors.saved_search_matches (saved_search_id, contractor_profile_id, is_new_contractor)
    select ${id}, match.id, match."isNew"
    from jsonb_to_recordset(${json(found.matches)}) as match (id uuid, "isNew" boolean)
    on conflict (tenant_id, saved_search_id, contractor_profile_id) do update
    set found_at = excluded.found_at, is_new_contractor = excluded.is_new_contractor
  `)
  await tx.run(sql`
    delete from contractors.saved_search_matches
    where saved_search_id = ${id}
      and contractor_profile_id in (
        select contractor_profile_id
        from contractors.saved_search_matches
        where saved_search_id = ${id}
        order by found_at desc, contractor_profile_id
        offset ${mostKept}
      )
  `)
  return true
}

/** Those with such an alert are as if they had been held against the catalogue up to `revision`, and had found nothing. */
export async function skipNews(tx: Queryable, alert: SavedSearch['alert'], revision: number): Promise<void> {
  await tx.run(sql`
    update contractors.saved_search_states
    set revision = ${revision}, checked_at = now()
    where saved_search_id in (select id from contractors.saved_searches where alert = ${alert})
      and revision < ${revision}
  `)
}

/** What is new: where it is `isUnseen`, since its user last looked. */
export type Match = { id: string; foundAt: Date; isNewContractor: boolean; isUnseen: boolean }

/** The latest first. */
export async function listMatches(tx: Queryable, id: string, page: { limit: number; cursor?: string | undefined }) {
  const fingerprint = `saved-search ${id}`
  const after = readCursor(page.cursor, fingerprint, Type.Tuple([Type.Integer({ minimum: 0, maximum: 1e14 }), uuid]))
  const foundAt = after && sql`${new Date(after[0]).toISOString()}::timestamptz`
  const rows = await tx.run(sql<Match>`
    select
      match.contractor_profile_id as id,
      match.found_at,
      match.is_new_contractor,
      match.found_at > state.seen_at as is_unseen
    from contractors.saved_search_matches as match
    join contractors.saved_search_states as state on state.saved_search_id = match.saved_search_id
    where match.saved_search_id = ${id}
      ${
        after
          ? sql`and match.found_at <= ${foundAt} and (match.found_at < ${foundAt} or match.contractor_profile_id > ${after[1]})`
          : sql``
      }
    order by match.found_at desc, match.contractor_profile_id
    limit ${page.limit + 1}
  `)
  return cutPage(rows, page.limit, fingerprint, match => [match.foundAt.getTime(), match.id])
}

/** Ids of what is new since its user last looked, up to 1,000. */
export async function listUnseen(tx: Queryable, id: string): Promise<string[]> {
  const rows = await tx.run(sql<{ id: string }>`
    select match.contractor_profile_id as id
    from contractors.saved_search_matches as match
    join contractors.saved_search_states as state on state.saved_search_id = match.saved_search_id
    where match.saved_search_id = ${id}
      and match.found_at > state.seen_at
    order by match.found_at desc, match.contractor_profile_id
  `)
  return rows.map(row => row.id)
}

/** Its user has looked at it: nothing in it is new to him now. */
export async function markSeen(tx: Queryable, id: string): Promise<void> {
  const seen = await tx.maybe(sql`
    update contractors.saved_search_states
    set seen_at = clock_timestamp(), new_count = 0
    where saved_search_id = ${id}
    returning saved_search_id
  `)
  if (!seen) throw errors.savedSearchNotFound({ id })
}

const selectSaved = sql`
  select
    saved.id, saved.name, saved.search, saved.alert, state.new_count, state.checked_at, state.seen_at, saved.created_at,
    saved.updated_at
  from contractors.saved_searches as saved
  join contractors.saved_search_states as state on state.saved_search_id = saved.id
`
