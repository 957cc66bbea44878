import { uuidPattern } from '#platform/database'
import { type IfMatch, Reply } from '#platform/http'
import { findPlace, named, type Shape } from './attributes.ts'
import { scimErrors as errors } from './errors.ts'
import { splitPath } from './filters.ts'
import { isObject, type Json } from './messages.ts'

/** Null, which no row has, where it is none. Compared as it is stored: as text no index would find it. */
export const idIn = (text: string): string | null => (uuidPattern.test(text) ? text : null)

export const weakTag = (version: number) => `W/"${version}"`

/** Refuses with 412 where the client has seen another version (RFC 7644, 3.14: weak tags, here too). */
export function requireVersion(ifMatch: IfMatch, version: number): void {
  if (ifMatch === undefined || ifMatch === '*') return
  if (!ifMatch.some(tag => opaque(tag) === opaque(weakTag(version)))) throw errors.scimChangedMeanwhile()
}

const opaque = (tag: string) => tag.replace(/^W\//, '')

export function metaOf(
  type: 'User' | 'Group',
  base: string,
  row: { id: string; createdAt: Date; updatedAt: Date; version: number },
): Json {
  return {
    resourceType: type,
    created: row.createdAt.toISOString(),
    lastModified: row.updatedAt.toISOString(),
    location: locationOf(type, base, row.id),
    version: weakTag(row.version),
  }
}

export const locationOf = (type: 'User' | 'Group', base: string, id: string) => `${base}/${type}s/${id}`

/** A resource as an answer, with its entity tag. */
export function replyWith(status: number, resource: Json): Reply<Json> {
  const meta = resource.meta as { version?: string; location?: string } | undefined
  return new Reply(status, resource, {
    headers: {
      ...(meta?.version ? { etag: meta.version } : {}),
      ...(meta?.location ? { 'content-location': meta.location } : {}),
      ...(status === 201 && meta?.location ? { location: meta.location } : {}),
    },
  })
}

/** What is wanted of resources: everything, these attributes alone, or all but these (RFC 7644, 3.9). */
export type Wanted = { attributes: readonly string[]; excludedAttributes: readonly string[] }

export const readWanted = (query: {
  attributes?: string | undefined
  excludedAttributes?: string | undefined
}): Wanted => ({ attributes: listed(query.attributes), excludedAttributes: listed(query.excludedAttributes) })

const listed = (text = '') =>
  text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')

/** Whether an attribute is to be told at all: what is not needs not be read. */
export function isWanted(shape: Shape, { attributes, excludedAttributes }: Wanted, name: string): boolean {
  const names = (paths: readonly string[]) => paths.map(path => findPlace(shape, splitPath(path).name)?.attribute?.name)
  if (attributes.length > 0) return names(attributes).includes(name)
  return !excludedAttributes.some(
    path => findPlace(shape, path)?.attribute?.name === name && splitPath(path).sub === undefined,
  )
}

/** The resource with what is wanted; `id` and `schemas` always come along (RFC 7643, 7: returned always). */
export function select(shape: Shape, resource: Json, wanted: Wanted): Json {
  if (wanted.attributes.length > 0) {
    const picked: Json = { schemas: resource.schemas, id: resource.id }
    for (const path of wanted.attributes) pick(shape, resource, picked, path)
    return picked
  }
  if (wanted.excludedAttributes.length === 0) return resource
  const rest = structuredClone(resource)
  for (const path of wanted.excludedAttributes) drop(shape, rest, path)
  return rest
}

function pick(shape: Shape, from: Json, into: Json, path: string): void {
  const found = follow(shape, path)
  if (!found) return
  const { urn, name, sub } = found
  const source = urn === undefined ? from : from[urn]
  if (!isObject(source)) return
  if (name === undefined) {
    into[urn as string] = source
    return
  }
  const value = source[name]
  if (value === undefined) return
  let target = into
  if (urn !== undefined) {
    if (!isObject(into[urn])) into[urn] = {}
    target = into[urn] as Json
  }
  if (sub === undefined) target[name] = value
  else if (Array.isArray(value)) target[name] = merge(target[name], value, sub)
  else if (isObject(value) && value[sub] !== undefined)
    target[name] = { ...(isObject(target[name]) ? target[name] : {}), [sub]: value[sub] }
}

const merge = (before: unknown, elements: unknown[], sub: string) =>
  elements.map((element, index) => ({
    ...(Array.isArray(before) ? (before[index] as Json) : {}),
    ...(isObject(element) && element[sub] !== undefined ? { [sub]: element[sub] } : {}),
  }))

function drop(shape: Shape, resource: Json, path: string): void {
  const found = follow(shape, path)
  if (!found) return
  const { urn, name, sub } = found
  if (name === undefined) {
    delete resource[urn as string]
    return
  }
  const target = urn === undefined ? resource : resource[urn]
  if (!isObject(target) || name === 'id') return
  const value = target[name]
  if (sub === undefined) delete target[name]
  else for (const element of Array.isArray(value) ? value : [value]) if (isObject(element)) delete element[sub]
}

function follow(shape: Shape, path: string): { urn?: string | undefined; name?: string; sub?: string } | undefined {
  const whole = findPlace(shape, path)
  const { name, sub } = whole ? { name: path, sub: undefined } : splitPath(path)
  const place = whole ?? findPlace(shape, name)
  if (!place) return undefined
  const { urn, attribute } = place
  if (!attribute) return { urn }
  if (sub === undefined) return { urn, name: attribute.name }
  const part = named(attribute.subs ?? [], sub)
  return part && { urn, name: attribute.name, sub: part.name }
}
