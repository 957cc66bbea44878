import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { oneOf } from '#platform/http'
import { byLastSeen, extend, listObservations, type Seen, textOf, unseen } from './observations.ts'
import { getProfileKey } from './profile-keys.ts'
import { seenProperties } from './seen.ts'

/** A name of a contractor and when it was in use. */
export const KnownName = Type.Object({
  name: Type.String(),
  kind: oneOf(['legal', 'former', 'dba', 'alternative'], {
    description:
      'legal: the legal name now; former: a legal name before; dba: doing business as; alternative: what else a source calls it, as a list whose vendors are typed by hand',
  }),
  isCurrent: Type.Boolean(),
  ...seenProperties,
})
export type KnownName = Static<typeof KnownName>

/** All names of a contractor: current ones first, then by the last day on which they were seen. */
export async function listNames(tx: Queryable, id: string): Promise<KnownName[]> {
  const key = await getProfileKey(tx, id)
  const [profile, observations, kept] = await Promise.all([
    tx.one<{ name: string; legalBusinessName: string | null; dbaName: string | null }>(sql`
      select name, legal_business_name, dba_name
      from contractors.contractor_profiles
      where id = ${id}
    `),
    listObservations(tx, key),
    tx.run<Kept>(sql`
      select name, kind, source, first_seen, last_seen
      from contractors.profile_names
      where uei = any(${key.ueis}::text[])
    `),
  ])
  const found = new Map<string, { name: string; isDba: boolean; isAlternative: boolean; seen: Seen }>()
  for (const observation of observations) {
    for (const field of ['legalBusinessName', 'dbaName'] as const) {
      const name = textOf(observation, field)
      if (name === undefined) continue
      const key = `${field} ${plain(name)}`
      const entry = found.get(key) ?? { name, isDba: field === 'dbaName', isAlternative: true, seen: unseen() }
      found.set(key, entry)
      extend(entry.seen, observation)
      // How a list spells it was never its name in law.
      if (!observation.isTyped) entry.isAlternative = false
    }
  }
  for (const { name, kind, source, ...period } of kept) {
    if (found.has(`legalBusinessName ${plain(name)}`) || found.has(`dbaName ${plain(name)}`)) continue
    const seen = { ...period, sources: [source], records: 0 }
    found.set(`${kind} ${plain(name)}`, { name, isDba: kind === 'dba', isAlternative: kind === 'alternative', seen })
  }
  const legal = plain(profile.legalBusinessName ?? profile.name)
  const dba = plain(profile.dbaName ?? '')
  return [...found.values()]
    .map(({ name, isDba, isAlternative, seen }): KnownName => {
      const isCurrent = plain(name) === (isDba ? dba : legal)
      const kind = isDba ? 'dba' : isCurrent ? 'legal' : isAlternative ? 'alternative' : 'former'
      return { name, kind, isCurrent, ...seen }
    })
    .sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent) || byLastSeen(a, b) || a.name.localeCompare(b.name))
}

/** As resolution keeps it, which also takes names that records give beside the legal one. */
type Kept = { name: string; kind: string; source: string; firstSeen: string | null; lastSeen: string | null }

/** Registries write one name with and without points and commas. */
const plain = (name: string) => name.toUpperCase().replace(/[.,']/g, '').replace(/\s+/g, ' ').trim()
