import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '#platform/app.ts'
import type { Seen } from '#platform/database'
import { cookieHeader, cookiesOf } from './cookies.ts'

/**
 * PE-12: how far the database was after a caller's last write, so that none of our servers shows him less than that in a
 * report. Browsers bring it in the cookie, programs in the header, with the value that the answer to the write had.
 */
const cookieName = '__Host-commonhold-written'
const headerName = 'x-commonhold-written'

/** What a report for this request must not be older than. */
export function seenBy({ headers }: FastifyRequest): Seen {
  const header = headers[headerName]
  const value = typeof header === 'string' ? header : cookiesOf(headers.cookie)[cookieName]
  return { position: value !== undefined && /^[0-9a-z]{1,10}$/.test(value) ? Number.parseInt(value, 36) : undefined }
}

/** Gives the caller of a write the place behind it. Nothing to do where reports are read from the primary anyway. */
export async function noteWrite({ replicas }: App, { call }: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!replicas || !call) return
  // Where the primary does not say it, this process still knows that something was written.
  const position = await replicas.placeBehind(call.scope).catch(() => undefined)
  if (position === undefined) return
  const value = position.toString(36)
  reply.header(headerName, value)
  if (call.principal?.credential !== 'api_key') reply.header('set-cookie', cookieHeader({ name: cookieName, value }))
}
