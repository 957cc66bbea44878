import { Type } from 'typebox'
import { date, nullable } from '#platform/http'

/** The period in which something was seen, as answers tell it. */
export const seenProperties = {
  firstSeen: nullable({ ...date, description: 'First day on which a source has it; null where no record is dated' }),
  lastSeen: nullable({ ...date, description: 'Last day on which a source has it' }),
  sources: Type.Array(Type.String(), { description: 'Names of the sources' }),
  records: Type.Integer({ description: 'Raw records that say so' }),
}
