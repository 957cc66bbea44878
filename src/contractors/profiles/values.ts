import { type Static, Type } from 'typebox'
import { type Queryable, sql } from '#platform/database'
import { timestamp } from '#platform/http'
import { extend, listObservations, type Observation, type Seen, unseen } from './observations.ts'
import { getProfileKey } from './profile-keys.ts'
import { seenProperties } from './seen.ts'

/** What sources say about one field of a profile. */
export const FieldValues = Type.Object({
  field: Type.String({ description: 'Property of a contractor; street is both lines of the address' }),
  values: Type.Array(
    Type.Object({
      value: Type.Unsafe<unknown>({ description: 'As the profile would have it' }),
      isCurrent: Type.Boolean({ description: 'Given by the record from which the profile has its value' }),
      sourceId: Type.String({ description: 'Newest record that says so' }),
      importedAt: timestamp,
      ...seenProperties,
    }),
    { description: 'The one that the profile has first, then the latest' },
  ),
})
export type FieldValues = Static<typeof FieldValues>

type Said = { value: unknown; newest: Observation; seen: Seen; isCurrent: boolean }

/** Every value that any source gives, field by field: more than one is a disagreement, or a change over time. */
export async function listFieldValues(tx: Queryable, id: string): Promise<FieldValues[]> {
  const key = await getProfileKey(tx, id)
  const [observations, given] = await Promise.all([
    listObservations(tx, key),
    tx.run<{ field: string; observationId: string }>(sql`
      select given.field, record.observation_id
      from contractors.contractor_field_sources as given
      join contractors.contractors as record on record.id = given.record_id
      where given.contractor_profile_id = ${id}
        and record.observation_id is not null
    `),
  ])
  const current = new Set(given.map(({ field, observationId }) => `${partOf(field)} ${observationId}`))
  const fields = new Map<string, Map<string, Said>>()
  for (const observation of observations) {
    for (const [field, value] of Object.entries(observation.fields)) {
      if (field === 'isHidden') continue
      const values = fields.get(field) ?? new Map<string, Said>()
      fields.set(field, values)
      const key = JSON.stringify(value)
      const said = values.get(key) ?? { value, newest: observation, seen: unseen(), isCurrent: false }
      values.set(key, said)
      extend(said.seen, observation)
      said.isCurrent ||= current.has(`${field} ${observation.id}`)
    }
  }
  return [...fields].map(([field, values]) => ({
    field,
    values: [...values.values()]
      .sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent))
      .map(({ value, newest, seen, isCurrent }) => ({
        value,
        isCurrent,
        sourceId: newest.sourceId,
        importedAt: newest.importedAt,
        ...seen,
      })),
  }))
}

/** Both lines of an address come from one record: observations have them as `street`. */
const partOf = (field: string) => (field === 'addressLine1' || field === 'addressLine2' ? 'street' : field)
