import { type Reader, sql } from '#platform/database'
import { errors } from '../errors.ts'

/** What a contractor's records and awards are found by: its identifiers and mentions, and those of what it has absorbed. */
export type ProfileKey = { id: string; ueis: string[]; mentions: string[] }

/** Refuses an id that is not known or not to be shown: every part of a profile begins with this. */
export async function getProfileKey(tx: Reader, id: string): Promise<ProfileKey> {
  const found = await tx.maybe<ProfileKey>(sql`
    select id, contractors.profile_ueis(id) as ueis, contractors.profile_mentions(id) as mentions
    from contractors.contractor_profiles
    where id = ${id}
      and not is_hidden
  `)
  if (!found) throw errors.contractorNotFound({ id })
  return found
}

/** Whether a row of contractors or awards is of this contractor; vendors without UEI are few, and the others need no `or`. */
export function belongsTo({ ueis, mentions }: ProfileKey) {
  if (mentions.length === 0) return sql`uei = any(${ueis}::text[])`
  return sql`(uei = any(${ueis}::text[]) or uei is null and mention_id = any(${mentions}::uuid[]))`
}
