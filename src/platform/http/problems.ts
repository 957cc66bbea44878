import { STATUS_CODES } from 'node:http'
import { DomainError, type ErrorKind } from '#platform/errors.ts'
import { errors } from './errors.ts'
import type { Fault } from './inputs.ts'

/** A problem document (RFC 9457). `code` is stable, `detail` is for people, `requestId` finds it in the log. */
export type Problem = {
  type: string
  title: string
  status: number
  code: string
  detail: string
  requestId: string
  errors?: Fault[]
  permission?: string
  /** What a plan allows of a metric, where that is used up. */
  quota?: { metric: string; limit: number; used: unknown }
}

/** The media type of a problem document. */
export const problemJson = 'application/problem+json; charset=utf-8'

const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  limited: 429,
  unavailable: 503,
}

const statusOfCode: Readonly<Record<string, number>> = {
  'http.method_not_allowed': 405,
  'http.body_too_large': 413,
  'http.media_type_unsupported': 415,
}

/** The status of a declared error's code and kind. */
export function statusOf(error: { code: string; kind: ErrorKind }): number {
  return statusOfCode[error.code] ?? statusOfKind[error.kind]
}

/** What the caller is told. Undefined `refusal` means a bug: nothing of it is shown. */
export function problemOf(refusal: DomainError | undefined, requestId: string, publicUrl: string): Problem {
  if (!refusal) {
    const detail = 'The server failed at this. It is logged under the request id.'
    return { type: 'about:blank', title: titleOf(500), status: 500, code: 'internal', detail, requestId }
  }
  const status = statusOf(refusal)
  const { errors: faults, permission, metric, limit, used } = refusal.details
  return {
    type: `${publicUrl}/api/docs#${refusal.code}`,
    title: titleOf(status),
    status,
    code: refusal.code,
    // Of a refusal by the domain its own sentence says why; the faults only say where.
    detail: Array.isArray(faults) && refusal.code === 'http.request_invalid' ? sentenceOf(faults) : refusal.message,
    requestId,
    ...(Array.isArray(faults) ? { errors: faults } : {}),
    ...(typeof permission === 'string' ? { permission } : {}),
    ...(typeof metric === 'string' && typeof limit === 'number' ? { quota: { metric, limit, used } } : {}),
  }
}

/** Headers that a status demands: where to sign in, when to come back. */
export function headersOf(refusal: DomainError | undefined): Record<string, string> {
  if (!refusal) return {}
  const { retryAfter } = refusal.details
  if (refusal.kind === 'unauthenticated') return { 'www-authenticate': 'Bearer realm="commonhold"' }
  if (refusal.kind === 'limited' || refusal.kind === 'unavailable') return { 'retry-after': String(retryAfter ?? 1) }
  return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
}

/** What the body of a request should have been. */
export type ExpectedBody = { types: string; limit: number }

/** The refusal behind anything that was thrown; undefined if it is a bug. */
export function refusalOf(thrown: unknown, expected: ExpectedBody): DomainError | undefined {
  if (thrown instanceof DomainError) return thrown
  const { code, syscall, statusCode } = Object(thrown) as { code?: unknown; syscall?: unknown; statusCode?: unknown }
  if (typeof code !== 'string') return undefined
  const known = frameErrors[code]
  if (known) return known(thrown, expected)
  if (code.startsWith('FST_ERR_') && typeof statusCode === 'number' && statusCode < 500) {
    return errors.bodyMalformed({}, thrown)
  }
  // The data did not fit its column although the schema let it pass: the caller's input, and worth a tighter schema.
  if (unfitData.has(code)) return errors.requestInvalid({ errors: [] }, thrown)
  // An administrator who ends a statement says so; all else that ends one is a limit of time.
  if (code === lockRefused || (code === statementEnded && !/user request/.test(String(Object(thrown).message))))
    return errors.tookTooLong({ retryAfter: 30 }, thrown)
  if (databaseAway.test(code) || syscall === 'connect') {
    return errors.notReady({ reason: 'the database cannot be reached', retryAfter: 5 }, thrown)
  }
  return undefined
}

const frameErrors: Readonly<Record<string, (cause: unknown, expected: ExpectedBody) => DomainError>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (cause, { types }) => errors.mediaTypeUnsupported({ types }, cause),
  FST_ERR_CTP_BODY_TOO_LARGE: (cause, { limit }) => errors.bodyTooLarge({ limit }, cause),
  FST_ERR_BAD_URL: cause => errors.addressMalformed({ reason: 'it is not properly encoded' }, cause),
  FST_ERR_MAX_PARAM_LENGTH: cause => errors.addressMalformed({ reason: 'a parameter is too long' }, cause),
}

/** SQLSTATE: out of range, bad date, bad encoding, bad text for the type, a character that jsonb cannot hold. */
const unfitData = new Set(['22003', '22007', '22008', '22021', '22P02', '22P05'])

/** SQLSTATE: a lock was not to be had in time; a statement was ended, by its timeout or by somebody. */
const lockRefused = '55P03'
const statementEnded = '57014'

/** SQLSTATE: connection exceptions, too many connections, shutdown, serialization failures that outlasted the retries, a tenant that moves. */
const databaseAway = /^(08...|53300|57P0[123]|40001|40P01|CM00[123])$/

function sentenceOf(faults: readonly Fault[]): string {
  const [first, ...others] = faults
  if (!first) return 'A value does not fit.'
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  return `${first.in}${first.pointer} ${first.message}${more}`
}

function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error'
}
