import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { date, nullable } from '#platform/http'
import { belongsTo, type ProfileKey } from './profile-keys.ts'

/** The registration of a contractor with the government, as the newest record of it says. */
export const Registration = Type.Object({
  source: Type.String(),
  registeredOn: nullable(date),
  activatedOn: nullable(date),
  expiresOn: nullable(date),
  isExpired: Type.Boolean({ description: 'The day on which it expires has passed, or the registry says so' }),
  purpose: nullable(Type.String({ description: 'What one registers for' })),
  isExcluded: nullable(Type.Boolean({ description: 'May get no awards; null where the source does not say' })),
  hasDebt: nullable(Type.Boolean({ description: 'Owes the government money that payments are offset against' })),
})
export type Registration = Static<typeof Registration>

type Row = {
  source: string
  registered: string | null
  activated: string | null
  expires: string | null
  purpose: string | null
  excluded: string | null
  debt: string | null
  code: string | null
}

/** From the registry itself, else from the latest vendor data in contract actions; undefined where neither knows. */
export async function findRegistration(
  tx: Queryable,
  key: ProfileKey,
  today: string,
): Promise<Registration | undefined> {
  const found = await tx.maybe<Row>(sql`
    select
      source,
      coalesce(data ->> 'initial_registration_date', data ->> 'registration_date') as registered,
      data ->> 'activation_date' as activated,
      coalesce(data ->> 'registration_expiration_date', data ->> 'renewal_date') as expires,
      data ->> 'purpose_of_registration' as purpose,
      data ->> 'exclusion_status_flag' as excluded,
      data ->> 'debt_subject_to_offset_flag' as debt,
      data ->> 'sam_extract_code' as code
    from contractors.contractors
    where ${belongsTo(key)}
      and data ?| array['registration_expiration_date', 'renewal_date']
    order by data ? 'registration_expiration_date' desc, observed_on desc nulls last
    limit 1
  `)
  if (!found) return undefined
  const expiresOn = dayOf(found.expires)
  return {
    source: found.source,
    registeredOn: dayOf(found.registered),
    activatedOn: dayOf(found.activated),
    expiresOn,
    isExpired: (expiresOn !== null && expiresOn < today) || found.code === 'E' || found.code === '4',
    purpose: found.purpose === null ? null : (purposes[found.purpose] ?? found.purpose),
    isExcluded: found.code === null ? null : found.excluded === 'D',
    hasDebt: found.debt === null ? null : found.debt === 'Y',
  }
}

/** `20270417` or `2027-04-17`. */
function dayOf(text: string | null): string | null {
  const parts = /^(\d{4})-?(\d\d)-?(\d\d)$/.exec(text ?? '')
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]}` : null
}

const purposes: Readonly<Record<string, string>> = {
  Z1: 'Federal assistance awards',
  Z2: 'All awards',
  Z3: 'Federal contracts and intergovernmental transactions',
  Z4: 'Federal assistance and intergovernmental transactions',
  Z5: 'Intergovernmental transactions',
}
