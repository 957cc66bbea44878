import { type Queryable, sql } from '#platform/database'
import type { Search } from './search.ts'
import { matches, readTarget } from './targets.ts'

/** What a search finds that it did not find at an earlier revision of the catalogue. */
export type NewMatches = {
  /** Up to where the catalogue was looked at. */
  revision: number
  count: number
  /** The most valuable of them, at most 1,000. `isNew`: new in the catalogue; else it was there and did not match. */
  matches: readonly { id: string; isNew: boolean }[]
}

export const mostKept = 1_000

const latest = sql`coalesce((select revision from contractors.catalogue_state), 0)::bigint`

/** The number of the latest change of the catalogue. */
export async function getRevision(tx: Queryable): Promise<number> {
  const { revision } = await tx.one(sql<{ revision: number }>`select ${latest} as revision`)
  return revision
}

/**
 * What a search finds since revision `since` that it did not find then, exactly, whatever the number: contractors that
 * have come since, and changed ones that match now and did not as they were before their first change. A word that no
 * name has yet is not corrected: it is waited for. Changes older than 40 days are forgotten. `tx` is a transaction.
 */
export async function findNewMatches(
  tx: Queryable,
  search: Search,
  since: number,
  today?: string,
): Promise<NewMatches> {
  const { target } = await readTarget(tx, search, { isLiteral: true, today })
  const isMatch = sql`${matches(target, 'words index')} and ${target.bounds}`
  return await tx.one(sql<NewMatches>`
    with
      created as materialized (
        select distinct unnest(created_at_of_new) as created_at
        from contractors.catalogue_revisions
        where number > ${since}
      ),
      changed as materialized (
        select distinct on (id) *
        from contractors.search_changes
        where revision > ${since}
        order by id, revision
      ),
      found as materialized (
        select id, value_rank, true as is_new
        from contractors.contractor_profiles
        where created_at = any(array(select created_at from created))
          and ${isMatch}
        union all
        select id, value_rank, false
        from contractors.contractor_profiles
        where id = any(array(select id from changed))
          and created_at <> all(array(select created_at from created))
          and ${isMatch}
          and id not in (
            select id
            from changed as contractor_profiles
            where ${matches(target, 'row')}
              and ${target.bounds}
          )
      )
    select
      ${latest} as revision,
      (select count(*) from found) as count,
      (
        select coalesce(json_agg(json_build_object('id', id, 'isNew', is_new)), '[]')
        from (
          select id, is_new
          from found
          order by value_rank desc, id
          limit ${mostKept}
        ) as kept
      ) as matches
  `)
}
