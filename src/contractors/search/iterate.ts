import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { inCatalogue } from '../catalogue.ts'
import { todayFor } from '../days.ts'
import type { Contractor } from '../profiles/profile-pages.ts'
import { getContractors, type Search } from './search.ts'
import { findTarget, matches, type Target, tierOf } from './targets.ts'

/** No search gives more than so many contractors, however many match. */
export const mostIterated = 1_000_000

/** Contractors that are in memory at a time. */
const portion = 1_000

/**
 * All contractors that a search finds, in the order of its pages, up to `limit`: in portions of up to 1,000. Which they
 * are is settled at the start, their values are read with their portion. Kept meanwhile are 16 bytes for each, and no
 * transaction: whoever is slow to take them, or stops early, holds up nobody.
 */
export async function* iterateSearch(
  app: Pick<App, 'db' | 'clock'>,
  scope: Scope,
  search: Search,
  { limit = mostIterated }: { limit?: number } = {},
): AsyncGenerator<Contractor[], void, void> {
  const catalogue = inCatalogue(scope)
  const today = await todayFor(app, scope)
  const found = await app.db.transaction(catalogue, tx => findIds(tx, search, today, Math.min(limit, mostIterated)))
  const tx = app.db.scoped(catalogue)
  for (let from = 0; from < found.length; from += portion) {
    const contractors = await getContractors(tx, found.slice(from, from + portion))
    if (contractors.length > 0) yield contractors
  }
}

/** Ids in the order of the pages, of which only those asked for become text. `tx` is a transaction. */
async function findIds(tx: Queryable, search: Search, today: string, limit: number) {
  const { found } = await findTarget(
    tx,
    search,
    { today },
    target => readIds(tx, target, limit),
    ({ length }) => length === 0,
  )
  return found
}

async function readIds(tx: Queryable, target: Target, limit: number) {
  const { ids } = await tx.one<{ ids: Buffer | null }>(sql`
    select string_agg(uuid_send(id), '') as ids
    from (
      select id
      from (
        select id, value_rank, family_rank, search_name, last_updated_date, last_award_date, ${tierOf(target)} as tier
        from contractors.contractor_profiles
        where ${matches(target, 'words index')}
          and ${target.bounds}
      ) as matched
      order by tier, ${target.order.by}
      limit ${limit}
    ) as found
  `)
  const bytes = ids ?? Buffer.alloc(0)
  return {
    length: bytes.length / 16,
    slice: (from: number, to: number) => {
      const texts: string[] = []
      for (let at = from * 16; at < Math.min(to * 16, bytes.length); at += 16) {
        const hex = bytes.toString('hex', at, at + 16)
        texts.push(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
      }
      return texts
    },
  }
}
