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
    if (isDeep(text)) return done(errors.bodyMalformed())
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

/** Deeper than anything we take is within anything: whatever walks through it by calling itself would come to its end. */
const deepest = 1_000

function isDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if ((code | 0x20) === opening && ++depth > deepest) return true
    else if ((code | 0x20) === closing) depth--
  }
  return false
}

const quote = 0x22
/** `{` and, without its bit 0x20, `[`; likewise the other two. */
const [opening, closing] = [0x7b, 0x7d]

/** Of the string that begins there; the end of the text where it has none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at++
    else if (code === quote) return at
  }
  return text.length
}

/** Whether all text in a value is what a PostgreSQL text can hold: no NUL, no half of a surrogate pair. */
function isFit(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, member]) => isFit(name) && isFit(member))
}
