import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '#platform/app.ts'
import type { Keyring } from '#platform/crypto'
import type { Seen } from '#platform/database'
import { cookieHeader, cookiesOf } from './cookies.ts'

/**
 * PE-12: how far the database was after a caller's last write, so that none of our servers shows him less than that in a
 * report. Browsers bring it in the cookie, programs in the header, with the value that the answer to the write had. It is
 * signed: a place that was made up, far ahead, would have each report wait for the replica and go to the primary.
 */
const cookieName = '__Host-commonhold-written'
const headerName = 'x-commonhold-written'

/** What a report for this request must not be older than; nothing where the value is not one that a server of ours gave. */
export function seenBy({ headers }: FastifyRequest, keyring: Keyring): Seen {
  const header = headers[headerName]
  const value = typeof header === 'string' ? header : cookiesOf(headers.cookie)[cookieName]
  return { position: value === undefined ? undefined : positionIn(value, keyring) }
}

/** Gives the caller of a write the place behind it. Nothing to do where reports are read from the primary anyway. */
export async function noteWrite(
  { replicas, keyring }: App,
  { call }: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (!replicas || !call) return
  // Where the primary does not say it, this process still knows that something was written.
  const position = await replicas.placeBehind(call.scope).catch(() => undefined)
  if (position === undefined) return
  const text = position.toString(36)
  const value = `${text}.${keyring.newestKeyId}.${signatureOf(text, keyring).toString('base64url')}`
  reply.header(headerName, value)
  if ((call.principal?.credential ?? 'session') === 'session')
    reply.header('set-cookie', cookieHeader({ name: cookieName, value }))
}

function positionIn(value: string, keyring: Keyring): number | undefined {
  const [, text, keyId, given] = /^([0-9a-z]{1,10})\.([0-9a-z-]{1,32})\.([\w-]{22})$/.exec(value) ?? []
  if (text === undefined || keyId === undefined || given === undefined || !keyring.keyIds.includes(keyId))
    return undefined
  const isOurs = timingSafeEqual(Buffer.from(given, 'base64url'), signatureOf(text, keyring, keyId))
  return isOurs ? Number.parseInt(text, 36) : undefined
}

const signatureOf = (text: string, keyring: Keyring, keyId?: string): Buffer =>
  createHmac('sha256', keyring.keyFor('own writes', keyId).key).update(text).digest().subarray(0, 16)
