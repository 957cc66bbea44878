import type { TSchema } from 'typebox'
import { declaredErrors } from '#platform/errors.ts'
import type { Module } from '#platform/module.ts'
import { type AnyRoute, permissionOf } from './route.ts'

export function routesOf(modules: readonly Module[]): AnyRoute[] {
  return modules.flatMap(module => module.routes ?? [])
}

/** Refuses routes that would open or break something: an unknown permission or error, a double, an undeclared parameter. */
export function checkRoutes(modules: readonly Module[]): void {
  const permissions = new Set(modules.flatMap(module => Object.keys(module.permissions ?? {})))
  const seen = new Set<string>()
  for (const declaredRoute of routesOf(modules)) {
    const { method, path, params, body, rawBody, reads, kept, dialect, refusals = [] } = declaredRoute
    const name = `${method} ${path}`
    const permission = permissionOf(declaredRoute)
    if (permission !== undefined && !permissions.has(permission)) {
      throw new Error(`The route ${name} allows "${permission}", which no module declares as a permission`)
    }
    // A standard may want names in another form than ours.
    const shapeOfPath = dialect ? /^(\/(\{\w+\}|[A-Za-z0-9.-]+))+$/ : /^(\/(\{\w+\}|[a-z0-9-]+))+$/
    if (!shapeOfPath.test(path)) throw new Error(`The route ${name} has a malformed path`)
    if (dialect && !path.startsWith(`${dialect.prefix}/`))
      throw new Error(`The route ${name} is not where its dialect is`)
    const shape = `${method} ${path.replace(/\{\w+\}/g, '{}')}`
    if (body && rawBody) throw new Error(`The route ${name} takes JSON or bytes, not both`)
    if (reads && method !== 'GET') throw new Error(`The route ${name} is no report: it is not GET`)
    if (kept && (method !== 'GET' || permission === undefined || dialect || declaredRoute.produces))
      throw new Error(`The answers of the route ${name} cannot be kept: it is no GET of JSON with a permission`)
    if (seen.has(shape)) throw new Error(`The route ${name} is declared twice`)
    seen.add(shape)
    const declared = Object.keys((params as TSchema & { properties?: object })?.properties ?? {}).sort()
    const used = [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]).sort()
    const unknown = refusals.find(code => !declaredErrors.has(code))
    if (unknown !== undefined) throw new Error(`The route ${name} refuses with "${unknown}", which nobody declares`)
    if (String(declared) !== String(used)) throw new Error(`The route ${name} must declare its parameters: ${used}`)
  }
}

/** Whether a success carries an entity tag. */
export function hasEtag({ etag, method, path, status }: AnyRoute): boolean {
  return etag ?? ((method === 'GET' || method === 'PATCH') && path.endsWith('}') && status !== 204)
}

/**
 * Whether `Idempotency-Key` counts. Not without a user whose key it is, not for files, and not for answers that carry
 * secrets, which are never stored (all below `/auth` carry tokens).
 */
export function isIdempotent({ method, path, allow, rawBody, secret, dialect }: AnyRoute): boolean {
  return method === 'POST' && !rawBody && !secret && !dialect && allow !== 'public' && !path.startsWith('/auth/')
}

/** `getContractorListsById` for `GET /contractor-lists/{id}`. */
export function operationIdOf({ method, path }: AnyRoute): string {
  const words = path
    .replace(/\{(\w+)\}/g, 'by-$1')
    .split(/[/-]/)
    .filter(word => word !== '')
  return method.toLowerCase() + words.map(word => word[0]?.toUpperCase() + word.slice(1)).join('')
}
