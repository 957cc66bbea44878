import { type Static, Type } from 'typebox'
import { json, type Queryable, type Reader, sql } from '#platform/database'
import { uuid } from '#platform/http'
import { errors } from '../errors.ts'
import { getParticipant } from './participants.ts'

/** How much somebody likes a target. */
export const TargetPreference = Type.Object({
  targetId: uuid,
  weight: Type.Optional(
    Type.Integer({
      minimum: -2,
      maximum: 2,
      description: 'From -2, would rather not, to 2, with pleasure; 0 unless told',
    }),
  ),
  isExcluded: Type.Optional(Type.Boolean({ description: 'Never on it: a conflict of interest, a doctor’s word' })),
})
export type TargetPreference = Static<typeof TargetPreference>

export const NamedPreference = Type.Object({
  ...Type.Required(TargetPreference).properties,
  targetName: Type.String(),
})

/** By the target's name; at most 1,000 are kept. */
export async function listPreferences(tx: Reader, participantId: string): Promise<Static<typeof NamedPreference>[]> {
  await getParticipant(tx, participantId)
  return await tx.run(sql<Static<typeof NamedPreference>>`
    select preference.target_id, preference.weight, preference.is_excluded, target.name as target_name
    from assignments.participant_preferences as preference
    join assignments.assignment_targets as target on target.id = preference.target_id
    where preference.participant_id = ${participantId}
    order by target.name, target.id
  `)
}

/** Puts these in the place of all that there were. `tx` is a transaction. */
export async function setPreferences(tx: Queryable, participantId: string, wanted: readonly TargetPreference[]) {
  const ids = wanted.map(each => each.targetId.toLowerCase())
  const twice = ids.find((id, index) => ids.indexOf(id) < index)
  if (twice) throw errors.preferenceTwice({ id: twice })
  // Of two who change one person's at once the second waits, and then puts his in the place of the first one's.
  await tx.run(sql`select id from assignments.participants where id = ${participantId} for update`)
  const { domainId } = await getParticipant(tx, participantId)
  await requireTargets(tx, domainId, ids)
  await tx.run(sql`
    delete from assignments.participant_preferences
    where participant_id = ${participantId}
      and target_id <> all (${ids}::uuid[])
  `)
  await tx.run(sql`
    insert into assignments.participant_preferences (participant_id, target_id, weight, is_excluded)
    select ${participantId}, given."targetId", given.weight, given."isExcluded"
    from jsonb_to_recordset(${json(wanted.map(({ targetId, weight = 0, isExcluded = false }) => ({ targetId, weight, isExcluded })))})
      as given ("targetId" uuid, weight smallint, "isExcluded" boolean)
    on conflict (tenant_id, participant_id, target_id) do update
    set weight = excluded.weight, is_excluded = excluded.is_excluded
    where (participant_preferences.weight, participant_preferences.is_excluded)
      is distinct from (excluded.weight, excluded.is_excluded)
  `)
  return await listPreferences(tx, participantId)
}

/** What somebody wishes of one target; a weight of 0 without more is no wish. `tx` is a transaction. */
export async function setPreference(
  tx: Queryable,
  participantId: string,
  targetId: string,
  { weight = 0, isExcluded = false }: Omit<TargetPreference, 'targetId'>,
): Promise<void> {
  await tx.run(sql`select id from assignments.participants where id = ${participantId} for update`)
  const { domainId } = await getParticipant(tx, participantId)
  await requireTargets(tx, domainId, [targetId.toLowerCase()])
  if (weight === 0 && !isExcluded) {
    await tx.run(sql`
      delete from assignments.participant_preferences
      where participant_id = ${participantId}
        and target_id = ${targetId}
    `)
    return
  }
  await tx.run(sql`
    insert into assignments.participant_preferences (participant_id, target_id, weight, is_excluded)
    values (${participantId}, ${targetId}, ${weight}, ${isExcluded})
    on conflict (tenant_id, participant_id, target_id) do update
    set weight = excluded.weight, is_excluded = excluded.is_excluded
  `)
}

async function requireTargets(tx: Reader, domainId: string, ids: readonly string[]): Promise<void> {
  const known = await tx.run<{ id: string }>(sql`
    select id
    from assignments.assignment_targets
    where domain_id = ${domainId}
      and id = any (${ids}::uuid[])
  `)
  const unknown = ids.filter(id => !known.some(target => target.id === id))
  if (unknown.length > 0) throw errors.preferenceTargetsUnknown({ ids: unknown.join(', ') })
}
