import { type Static, Type } from 'typebox'
import { type Reader, sql } from '#platform/database'
import { uuid } from '#platform/http'
import { type Configuration, Words, wordsOf } from '../domains/configurations.ts'
import { errors } from '../errors.ts'

/** The participant that the user of the scope is in a domain. */
export const OwnParticipant = Type.Object({
  id: uuid,
  name: Type.String(),
  domainId: uuid,
  domainName: Type.String({ description: 'As people read it' }),
  words: Words,
})
export type OwnParticipant = Static<typeof OwnParticipant>

/** In which domains the user of the scope can be assigned, by their names. */
export async function listOwnParticipants(tx: Reader): Promise<OwnParticipant[]> {
  const rows = await tx.run<Omit<OwnParticipant, 'words'> & { configuration: Configuration }>(sql`
    select participant.id, participant.name, domain.id as domain_id, domain.display_name as domain_name, domain.configuration
    from assignments.participants as participant
    join assignments.domains as domain on domain.tenant_id = participant.tenant_id and domain.id = participant.domain_id
    where participant.user_id = platform.current_user_id()
      and participant.is_active
    order by domain.display_name, participant.id
  `)
  return rows.map(({ configuration, ...participant }) => ({ ...participant, words: wordsOf(configuration) }))
}

/** Refuses with not_found, as if he did not exist, who is somebody else than the user of the scope. */
export async function requireOwnParticipant(tx: Reader, id: string): Promise<void> {
  const own = await tx.maybe(sql`
    select id
    from assignments.participants
    where id = ${id}
      and user_id = platform.current_user_id()
  `)
  if (!own) throw errors.participantNotFound({ id })
}
