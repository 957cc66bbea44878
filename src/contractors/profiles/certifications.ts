import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { date, nullable, oneOf } from '#platform/http'
import { byLastSeen, extend, listObservations, type Seen, unseen } from './observations.ts'
import { getProfileKey } from './profile-keys.ts'
import { seenProperties } from './seen.ts'

/** A certification of the Small Business Administration or a type of business that a contractor states. */
export const Qualification = Type.Object({
  code: Type.String({ description: 'SAM business type code' }),
  name: Type.String(),
  category: nullable(
    Type.String({
      description: 'government, socioeconomic, sba_certified, profit_structure, organization_factor or other',
    }),
  ),
  basis: oneOf(['certified', 'stated'], {
    description:
      'certified: by the Small Business Administration, with an end; stated: by the contractor in its registration',
  }),
  until: nullable({ ...date, description: 'Day on which a certification ends' }),
  status: oneOf(['current', 'expired', 'former'], {
    description: 'former: earlier sources state it, the current values of the profile do not',
  }),
  ...seenProperties,
})
export type Qualification = Static<typeof Qualification>

/** Certifications and business types of a contractor: current ones first, then what it had before. */
export async function listQualifications(tx: Queryable, id: string, today: string): Promise<Qualification[]> {
  const key = await getProfileKey(tx, id)
  const [profile, observations] = await Promise.all([
    tx.one<{ businessTypes: string[]; certifications: Record<string, string> }>(sql`
      select business_types, certifications
      from contractors.contractor_profiles
      where id = ${id}
    `),
    listObservations(tx, key),
  ])
  const found = new Map<string, { code: string; basis: Qualification['basis']; until: string | null; seen: Seen }>()
  const note = (basis: Qualification['basis'], code: string, until: string | null) => {
    const key = `${basis} ${code}`
    const entry = found.get(key) ?? { code, basis, until, seen: unseen() }
    if (until !== null && (entry.until === null || until > entry.until)) entry.until = until
    found.set(key, entry)
    return entry.seen
  }
  for (const code of profile.businessTypes) note('stated', code, null)
  for (const [code, until] of Object.entries(profile.certifications)) note('certified', code, until)
  for (const observation of observations) {
    const { businessTypes, certifications } = observation.fields as {
      businessTypes?: string[]
      certifications?: Record<string, string>
    }
    for (const code of businessTypes ?? []) extend(note('stated', code, null), observation)
    for (const [code, until] of Object.entries(certifications ?? {}))
      extend(note('certified', code, until), observation)
  }
  const labels = await tx.run<{ code: string; name: string; category: string }>(sql`
    select code, name, category
    from contractors.business_types
    where code = any(${[...found.values()].map(({ code }) => code)})
  `)
  const statusOf = ({ code, basis, until }: { code: string; basis: string; until: string | null }) => {
    if (basis === 'stated') return profile.businessTypes.includes(code) ? 'current' : 'former'
    if (until !== null && until < today) return 'expired'
    return code in profile.certifications ? 'current' : 'former'
  }
  return [...found.values()]
    .map((entry): Qualification => {
      const { code, basis, until, seen } = entry
      const label = labels.find(each => each.code === code)
      return {
        code,
        name: label?.name ?? code,
        category: label?.category ?? null,
        basis,
        until,
        status: statusOf(entry),
        ...seen,
      }
    })
    .sort((a, b) => order(a) - order(b) || byLastSeen(a, b) || a.name.localeCompare(b.name))
}

const order = ({ basis, status }: Qualification) =>
  (basis === 'certified' ? 0 : 2) + (status === 'current' ? 0 : 1) + (status === 'former' ? 4 : 0)
