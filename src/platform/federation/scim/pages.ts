import { Type } from 'typebox'
import { type Filter, parseFilter } from './filters.ts'
import { readWanted, type Wanted } from './resources.ts'

/** The most resources of an answer, and how many without a wish. */
export const mostResults = 200
const usualResults = 100

/** What may be said of a list; what else is said is not looked at (Entra marks its requests with `aadOptscim062020`). */
export const listQuery = Type.Object(
  {
    filter: Type.Optional(
      Type.String({ description: 'RFC 7644, 3.4.2.2', examples: ['userName eq "ada@acme.example"'] }),
    ),
    startIndex: Type.Optional(Type.Integer({ description: 'Counted from 1' })),
    count: Type.Optional(Type.Integer({ description: `${mostResults} at most` })),
    attributes: Type.Optional(Type.String({ maxLength: 4000, description: 'These alone, separated by commas' })),
    excludedAttributes: Type.Optional(Type.String({ maxLength: 4000, description: 'All but these' })),
  },
  { additionalProperties: true },
)

export const oneQuery = Type.Object(
  {
    attributes: Type.Optional(Type.String({ maxLength: 4000, description: 'These alone, separated by commas' })),
    excludedAttributes: Type.Optional(Type.String({ maxLength: 4000, description: 'All but these' })),
  },
  { additionalProperties: true },
)

export type Listing = { filter: Filter | undefined; startIndex: number; count: number; wanted: Wanted }

export function readListing(query: {
  filter?: string | undefined
  startIndex?: number | undefined
  count?: number | undefined
  attributes?: string | undefined
  excludedAttributes?: string | undefined
}): Listing {
  return {
    filter: query.filter === undefined ? undefined : parseFilter(query.filter),
    // Less than one is one, and a negative count is none (RFC 7644, 3.4.2.4).
    startIndex: Math.max(1, query.startIndex ?? 1),
    count: Math.min(mostResults, Math.max(0, query.count ?? usualResults)),
    wanted: readWanted(query),
  }
}
