import { type Static, Type } from 'typebox'
import type { Reader } from '#platform/database'
import { date, nullable, uuid } from '#platform/http'
import type { Period } from '../boards/periods.ts'
import { standingsAfterEach } from '../engine/fairness.ts'
import { getParticipant } from '../participants/participants.ts'
import { readPast } from './fairness.ts'
import { listEverybody, listPlannedRounds } from './planned-rounds.ts'

/** What somebody had done after each round of a period, and what would have been his part. */
export const ParticipantLoads = Type.Object({
  rounds: Type.Array(
    Type.Object({
      id: uuid,
      name: nullable(Type.String()),
      date,
      load: Type.Integer({ description: 'Places that he filled up to then' }),
      fairShare: Type.Number({ description: 'His part of all places up to then' }),
    }),
    { description: 'From the first in which he could have been asked, the oldest first' },
  ),
})
export type ParticipantLoads = Static<typeof ParticipantLoads>

/** Refuses with not_found who does not exist or belongs to another tenant. */
export async function getParticipantLoads(tx: Reader, id: string, period: Period): Promise<ParticipantLoads> {
  const { domainId } = await getParticipant(tx, id)
  const rounds = await listPlannedRounds(tx, domainId, period)
  const { past } = await readPast(tx, rounds, await listEverybody(tx, domainId))
  // What they hold goes on changing.
  const standings = Array.from(standingsAfterEach(past), each => ({ ...each.get(id) }))
  return {
    rounds: rounds.flatMap(({ id, name, startsOn }, index) => {
      const { load, share } = standings[index] ?? {}
      return load === undefined || share === undefined ? [] : [{ id, name, date: startsOn, load, fairShare: share }]
    }),
  }
}
