import { hash } from 'node:crypto'
import { errors } from './errors.ts'

/** `If-Match` of a request: the entity tags that the caller takes for current, `*` for any, undefined when not sent. */
export type IfMatch = readonly string[] | '*' | undefined

/**
 * The strong entity tag of a resource (RFC 9110, 8.8): a hash of what the handler answers with. The frame sets it on
 * `GET` and `PATCH` of one resource; it is the same for the same values, so build the resource by the same function.
 */
export function etagOf(resource: unknown): string {
  return `"${hash('sha256', JSON.stringify(resource), 'base64url').slice(0, 27)}"`
}

/**
 * Refuses with 412 unless `ifMatch` names the resource as it is now. It is right under concurrency only where the row
 * is locked: in one transaction read the resource `for update`, call this, then write. The route declares
 * `conditional: true`; the frame refuses `If-Match` on all others, so that it is never silently ignored.
 */
export function requireMatch(ifMatch: IfMatch, resource: unknown): void {
  if (ifMatch === undefined || ifMatch === '*') return
  if (!ifMatch.includes(etagOf(resource))) throw errors.changedMeanwhile()
}

/** The entity tags of an `If-Match` or `If-None-Match` header. */
export function readEtags(header: string | undefined): IfMatch {
  if (header === undefined) return undefined
  if (header.trim() === '*') return '*'
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}

/** Whether a cached answer with one of these tags is still good (weak comparison, RFC 9110, 13.1.2). */
export function isFresh(ifNoneMatch: string, etag: string): boolean {
  const tags = readEtags(ifNoneMatch)
  return tags === '*' || (tags ?? []).some(tag => tag.replace(/^W\//, '') === etag)
}
