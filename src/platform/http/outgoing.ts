import { lookup as resolveName } from 'node:dns/promises'
import { type IncomingHttpHeaders, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { errors } from './errors.ts'
import { isAmong, isPublicAddress, type Networks, readNetworks } from './public-addresses.ts'

export type PublicRequest = {
  method?: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: string | Buffer
  /** For everything, from the name's resolution to the last byte; 10 seconds unless told. */
  milliseconds?: number
  /** Of the answer's body; the rest is not read. 64 KiB unless told. */
  mostBytes?: number
  /** Certificate authority instead of the system's, PEM. */
  ca?: string
  /** All addresses of a name; the system's resolver unless told. */
  resolve?: (name: string) => Promise<readonly { address: string; family: number }[]>
}

export type PublicAnswer = {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  /** Whether the body was longer than `mostBytes`. */
  isCut: boolean
  /** The address that was reached. */
  address: string
}

/**
 * Asks a server whose address somebody else has chosen. It goes to public addresses only: all addresses of the name are
 * checked, and the connection is made to a checked one, so that a name which resolves differently the next time (DNS
 * rebinding) changes nothing. `https:` only; redirects are answers like others and not followed. The networks of
 * COMMONHOLD_OUTGOING_ALLOW are reached too, also by `http:`.
 *
 * Refuses with `http.outgoing_refused` what may not be asked, with `http.outgoing_failed` what did not answer in time.
 */
export async function fetchPublic(app: App, address: string, options: PublicRequest = {}): Promise<PublicAnswer> {
  const { milliseconds = 10_000 } = options
  const allowed = allowedOf(app)
  const url = readUrl(address, allowed.length > 0)
  const ended = new AbortController()
  const timer = setTimeout(
    () => ended.abort(new Error(`no answer within ${milliseconds / 1000} seconds`)),
    milliseconds,
  )
  try {
    const addresses = await Promise.race([resolveAll(url, options), rejected(ended.signal)])
    const checked = requireReachable(url, addresses, allowed)
    return await ask(url, checked, options, ended.signal)
  } catch (error) {
    if (error instanceof DomainError) throw error
    const cause = ended.signal.aborted ? ended.signal.reason : error
    throw errors.outgoingFailed({ host: url.host, reason: reasonOf(cause) }, cause)
  } finally {
    clearTimeout(timer)
    ended.abort()
  }
}

/**
 * Refuses, as `fetchPublic` will, an address that says itself where it leads: a number, or this machine. Where a name leads is
 * found out when it is asked.
 */
export function requireNoPrivateAddress(app: App, address: string): void {
  const allowed = allowedOf(app)
  const url = readUrl(address, allowed.length > 0)
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const literal = /(^|\.)localhost\.?$/.test(name) ? '127.0.0.1' : name
  const family = isIP(literal)
  if (family !== 0) requireReachable(url, [{ address: literal, family }], allowed)
}

const allowedOf = ({ config }: App): Networks => readNetworks(String(config.outgoingAllow ?? '')) ?? []

type Resolved = readonly { address: string; family: number }[]

function readUrl(address: string, isPlainPossible: boolean): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const refuse = (reason: string) => errors.outgoingRefused({ reason })
  if (!url) throw refuse('it is no address')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isPlainPossible)) {
    throw refuse(`it must be https, ${unlessAllowed}`)
  }
  if (url.username || url.password) throw refuse('it holds a name or password')
  // Other services than web servers live on the low ports, and some of them make sense of what they are sent.
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (port < 1024 && port !== 443 && port !== 80) throw refuse(`port ${port} is no web server's`)
  return url
}

async function resolveAll(url: URL, { resolve }: PublicRequest): Promise<Resolved> {
  const name = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(name)
  // A literal is not looked up by the socket either: it would pass a check in `lookup`.
  if (family !== 0) return [{ address: name, family }]
  return await (resolve?.(name) ?? resolveName(name, { all: true, verbatim: true }))
}

const unlessAllowed = 'and the operator has not named its network in COMMONHOLD_OUTGOING_ALLOW'

/** All of them: one that leads inside is no accident. */
function requireReachable(url: URL, addresses: Resolved, allowed: Networks): Resolved {
  if (addresses.length === 0) throw new Error('the name has no address')
  for (const { address } of addresses) {
    if (isAmong(address, allowed)) continue
    if (!isPublicAddress(address)) {
      throw errors.outgoingRefused({ reason: `${url.hostname} does not lead to the public internet, ${unlessAllowed}` })
    }
    if (url.protocol === 'http:') throw errors.outgoingRefused({ reason: `it must be https, ${unlessAllowed}` })
  }
  return addresses
}

function ask(url: URL, addresses: Resolved, options: PublicRequest, signal: AbortSignal): Promise<PublicAnswer> {
  const { method = 'GET', headers = {}, body, ca, mostBytes = 65_536 } = options
  const lookup: LookupFunction = (_name, { all }, done) => {
    const [first] = addresses
    if (all) done(null, addresses as never)
    else done(null, first?.address ?? '', first?.family)
  }
  const known = new Set(addresses.map(({ address }) => address))
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestSecure : requestPlain
    const request = send(url, {
      method,
      // Without an agent: no connection is kept, and none that was made without these checks is used.
      agent: false,
      lookup,
      signal,
      maxHeaderSize: 16_384,
      headers: {
        'user-agent': 'Commonhold',
        ...headers,
        'accept-encoding': 'identity',
        connection: 'close',
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      },
      ...(ca !== undefined && { ca }),
    })
    request.on('error', reject)
    request.on('socket', socket => {
      socket.on('connect', () => {
        const reached = socket.remoteAddress ?? ''
        if (!known.has(reached) && !isSame(reached, known)) socket.destroy(new Error('another address was reached'))
      })
    })
    request.on('response', response => {
      const address = response.socket.remoteAddress ?? ''
      readBody(response, mostBytes).then(
        read => resolve({ status: response.statusCode ?? 0, headers: response.headers, ...read, address }),
        reject,
      )
    })
    request.end(body)
  })
}

/** IPv6 has several forms for one address. */
const isSame = (address: string, known: ReadonlySet<string>) => isAmong(address, readNetworks([...known].join()) ?? [])

async function readBody(response: IncomingMessage, mostBytes: number): Promise<{ body: Buffer; isCut: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > mostBytes) break
  }
  return { body: Buffer.concat(chunks).subarray(0, mostBytes), isCut: length > mostBytes }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** A few words that tell nothing about what stands inside. */
function reasonOf(cause: unknown): string {
  const { code, message } = Object(cause) as { code?: unknown; message?: unknown }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name is not known'
  if (code === 'ECONNREFUSED') return 'the connection was refused'
  if (code === 'ECONNRESET') return 'the connection was broken off'
  if (typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/.test(code)) return 'its certificate is not valid'
  return typeof code === 'string' ? code : String(message ?? 'unknown')
}
