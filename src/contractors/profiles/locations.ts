import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { nullable } from '#platform/http'
import { byLastSeen, extend, listObservations, type Observation, type Seen, textOf, unseen } from './observations.ts'
import { getProfileKey } from './profile-keys.ts'
import { seenProperties } from './seen.ts'

const text = nullable(Type.String())

/** An address at which sources have a contractor. */
export const Location = Type.Object({
  addressLine1: text,
  addressLine2: text,
  city: text,
  state: nullable(Type.String({ description: 'Two-letter code of a US state or territory' })),
  province: text,
  zipCode: text,
  country: text,
  congressionalDistricts: Type.Array(Type.String(), {
    description: 'Two digits within the state, the latest first: lines are drawn anew, so an address may have several',
  }),
  isCurrent: Type.Boolean({ description: 'The address that the profile has now' }),
  ...seenProperties,
})
export type Location = Static<typeof Location>

/** Every address of a contractor, the current one first, then the latest. */
export async function listLocations(tx: Queryable, id: string): Promise<Location[]> {
  const key = await getProfileKey(tx, id)
  const [profile, observations] = await Promise.all([
    tx.one<Place>(sql`
      select address_line_1, city, state, zip_code
      from contractors.contractor_profiles
      where id = ${id}
    `),
    listObservations(tx, key),
  ])
  const found = new Map<string, { location: Omit<Location, keyof Seen | 'isCurrent'>; seen: Seen }>()
  for (const observation of observations) {
    const location = locationOf(observation)
    if (location.addressLine1 === null && location.city === null) continue
    const key = keyOf(location)
    const entry = found.get(key) ?? { location, seen: unseen() }
    found.set(key, entry)
    extend(entry.seen, observation)
    for (const district of location.congressionalDistricts)
      if (!entry.location.congressionalDistricts.includes(district))
        entry.location.congressionalDistricts.push(district)
  }
  const current = keyOf(profile)
  return [...found.entries()]
    .map(([key, { location, seen }]) => ({ ...location, ...seen, isCurrent: key === current }))
    .sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent) || byLastSeen(a, b))
}

type Place = Pick<Location, 'addressLine1' | 'city' | 'state' | 'zipCode'>

function locationOf(observation: Observation) {
  const { street } = observation.fields as { street?: { addressLine1?: string; addressLine2?: string } }
  const field = (name: string) => textOf(observation, name) ?? null
  const district = field('congressionalDistrict')
  return {
    addressLine1: street?.addressLine1 ?? null,
    addressLine2: street?.addressLine2 ?? null,
    city: field('city'),
    state: field('state'),
    province: field('province'),
    zipCode: field('zipCode'),
    country: field('country'),
    congressionalDistricts: district === null ? [] : [district],
  }
}

/** Sources differ in punctuation and in the last four digits of the ZIP code. */
const keyOf = ({ addressLine1, city, state, zipCode }: Place) =>
  [addressLine1, city, state, state === null ? zipCode : zipCode?.slice(0, 5)]
    .map(part => (part ?? '').toUpperCase().replace(/[^\p{L}\p{N}]+/gu, ''))
    .join('|')
