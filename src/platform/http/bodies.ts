import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { errors } from './errors.ts'
import type { RawBody } from './route.ts'

/** What a body must be where nothing else is said. */
export const jsonText = 'application/json in UTF-8'

/** The same for other names of JSON. */
export const inUtf8 = (types: readonly string[]) => `${types.join(' or ')} in UTF-8`

/** Takes JSON in UTF-8 and no other media types; refuses prototype poisoning and text that PostgreSQL cannot hold. */
export function readJsonBodies(server: FastifyInstance, types: readonly string[] = ['application/json']): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.removeAllContentTypeParsers()
  server.addContentTypeParser<Buffer>([...types], { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /;\s*charset="?([^";]+)/i.exec(request.headers['content-type'] ?? '')?.[1]
    if (charset && charset.trim().toLowerCase() !== 'utf-8')
      return done(errors.mediaTypeUnsupported({ types: inUtf8(types) }))
    if (body.length === 0) return done(null, undefined)
    if (!isUtf8(body)) return done(errors.bodyMalformed())
    const text = body.toString('utf8')
    parse(request, text, (error, value) => {
      if (error) return done(errors.bodyMalformed({}, error))
      // A character that does not fit can only come as an escape: bodies without one are not walked through.
      if (text.includes('\\u') && !isFit(value)) return done(errors.textUnfit())
      done(null, value)
    })
  })
}

/** Takes bodies of the given media types as bytes, and nothing else. What they claim to be is for the handler to check. */
export function readRawBodies(server: FastifyInstance, { types }: RawBody): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser<Buffer>([...types], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** Whether all text in a value is what a PostgreSQL text can hold: no NUL, no half of a surrogate pair. */
function isFit(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, member]) => isFit(name) && isFit(member))
}
