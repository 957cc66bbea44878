import { type Attribute, extension, findPlace, isOurs, named, readValue, type Shape } from './attributes.ts'
import { scimErrors as errors } from './errors.ts'
import { type AttributePath, type Filter, type PatchPath, parsePatchPath, type Value } from './filters.ts'
import { isObject, type Json, urns } from './messages.ts'

export type Operation = { op: 'add' | 'replace' | 'remove'; path: string | undefined; value: unknown }

const mostOperations = 1_000

/** The operations of a PatchOp message; `op` in any case, as Entra writes it. */
export function readOperations(body: Json): Operation[] {
  const given = property(body, 'Operations')
  const schemas = property(body, 'schemas')
  if (!Array.isArray(schemas) || !schemas.some(urn => String(urn).toLowerCase() === urns.patch.toLowerCase())) {
    throw errors.scimSyntaxInvalid({ reason: `schemas must hold ${urns.patch}` })
  }
  if (!Array.isArray(given) || given.length === 0) {
    throw errors.scimSyntaxInvalid({ reason: 'Operations must be a list of at least one' })
  }
  if (given.length > mostOperations) {
    throw errors.scimSyntaxInvalid({ reason: `there are more than ${mostOperations} operations` })
  }
  return given.map(readOperation)
}

function readOperation(given: unknown): Operation {
  if (!isObject(given)) throw errors.scimSyntaxInvalid({ reason: 'an operation must be an object' })
  const op = String(property(given, 'op')).toLowerCase()
  const path = property(given, 'path')
  const value = property(given, 'value')
  if (op !== 'add' && op !== 'replace' && op !== 'remove') {
    throw errors.scimSyntaxInvalid({ reason: 'op must be add, replace or remove' })
  }
  if (path !== undefined && path !== null && typeof path !== 'string') {
    throw errors.scimSyntaxInvalid({ reason: 'path must be text' })
  }
  if (op === 'remove' && !path) throw errors.scimNoTarget({ path: '' })
  if (op !== 'remove' && value === undefined) throw errors.scimSyntaxInvalid({ reason: 'value is missing' })
  return { op, path: path || undefined, value }
}

/** A property of a message, its name in any case. */
export function property(given: Json, name: string): unknown {
  if (Object.hasOwn(given, name)) return given[name]
  const key = Object.keys(given).find(each => each.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : given[key]
}

/**
 * A copy of a resource with the operations done, one after another (RFC 7644, 3.5.2). An operation without a path has an
 * object whose names are paths: `{"active": false}`, `{"name.givenName": "Ada"}`, `{"urn:…:User:department": "R&D"}`.
 */
export function patch(shape: Shape, resource: Json, operations: readonly Operation[]): Json {
  const patched = structuredClone(resource)
  for (const { op, path, value } of operations) {
    if (path !== undefined) applyAt(shape, patched, op, path, value)
    else if (isObject(value)) for (const [name, each] of Object.entries(value)) applyAt(shape, patched, op, name, each)
    else throw errors.scimSyntaxInvalid({ reason: 'without a path the value must be an object' })
  }
  return patched
}

function applyAt(shape: Shape, resource: Json, op: Operation['op'], text: string, value: unknown): void {
  // The name of an extension has dots and is no path.
  const whole = findPlace(shape, text)
  const path: PatchPath = whole ? { name: text } : parsePatchPath(text)
  const place = whole ?? findPlace(shape, path.name)
  // What we do not keep is not refused: directories send attributes that are theirs alone.
  if (!place) return
  const { urn, attribute } = place
  if (!attribute) {
    applyExtension(shape, resource, op, urn as string, value)
    return
  }
  if (attribute.name === 'id' && value !== undefined && value !== resource.id) {
    throw errors.scimReadOnly({ attribute: 'id' })
  }
  if (isOurs(attribute)) return
  const target = urn === undefined ? resource : extension(resource, urn)
  applyTo(target, attribute, { op, value, filter: path.filter, sub: path.sub, text })
  if (attribute.isRequired && target[attribute.name] === undefined) {
    throw errors.scimValueInvalid({ attribute: attribute.name, reason: 'it is required' })
  }
  if (urn !== undefined && Object.keys(target).length === 0) delete resource[urn]
}

function applyExtension(shape: Shape, resource: Json, op: Operation['op'], urn: string, value: unknown): void {
  if (op === 'remove') delete resource[urn]
  else if (isObject(value)) {
    for (const [name, each] of Object.entries(value)) applyAt(shape, resource, op, `${urn}:${name}`, each)
  }
}

type Change = {
  op: Operation['op']
  value: unknown
  filter: Filter | undefined
  sub: string | undefined
  text: string
}

function applyTo(target: Json, attribute: Attribute, change: Change): void {
  const sub = change.sub === undefined ? undefined : named(attribute.subs ?? [], change.sub)
  if (change.sub !== undefined && !sub) return
  if (attribute.isMultiValued) setElements(target, attribute, applyToElements(attribute, sub, target, change))
  else if (change.filter) throw errors.scimPathInvalid({ path: change.text, reason: 'it has one value only' })
  else if (sub) applyToPart(target, attribute, sub, change)
  else applyToWhole(target, attribute, change)
}

function applyToWhole(target: Json, attribute: Attribute, { op, value }: Change): void {
  const read = op === 'remove' ? undefined : readValue(attribute, value)
  const before = target[attribute.name]
  // Of a complex attribute what is not named stays (RFC 7644, 3.5.2.3).
  const merged = isObject(read) && isObject(before) ? { ...before, ...read } : read
  assign(target, attribute.name, merged)
}

function applyToPart(target: Json, attribute: Attribute, sub: Attribute, { op, value }: Change): void {
  const before = target[attribute.name]
  const parts = isObject(before) ? { ...before } : {}
  assign(parts, sub.name, op === 'remove' ? undefined : readValue(sub, value))
  assign(target, attribute.name, Object.keys(parts).length === 0 ? undefined : parts)
}

function applyToElements(attribute: Attribute, sub: Attribute | undefined, target: Json, change: Change): Json[] {
  const before = elementsOf(target, attribute)
  const { op, value, filter, text } = change
  if (!filter && !sub) return applyToList(attribute, before, op, value)
  const fits = (element: Json) => filter === undefined || matches(filter, element, attribute)
  if (op === 'remove') {
    if (!sub) return before.filter(element => !fits(element))
    return before.map(element => (fits(element) ? without(element, sub.name) : element))
  }
  const part = sub ? { [sub.name]: readValue(sub, value) } : firstOf(attribute, value)
  if (before.some(fits)) return preferring(before, fits, part)
  // Entra adds `emails[type eq "work"].value` to who has none yet.
  const made = filter && elementFor(filter, attribute)
  if (!made && (filter || before.length > 0)) throw errors.scimNoTarget({ path: text })
  return [...before, { ...made, ...part }]
}

function applyToList(attribute: Attribute, before: Json[], op: Operation['op'], value: unknown): Json[] {
  const given = op === 'remove' && (value === undefined || value === null) ? undefined : readElements(attribute, value)
  if (op === 'remove') return given ? before.filter(element => !given.some(each => isSame(each, element))) : []
  if (op === 'replace') return given ?? []
  const added = (given ?? []).filter(each => !before.some(element => isEqual(each, element)))
  const isPrimaryNew = added.some(({ primary }) => primary === true)
  return [...(isPrimaryNew ? before.map(notPrimary) : before), ...added]
}

const readElements = (attribute: Attribute, value: unknown) => (readValue(attribute, value) ?? []) as Json[]
const firstOf = (attribute: Attribute, value: unknown) => readElements(attribute, value)[0] ?? {}
const elementsOf = (target: Json, { name }: Attribute) => (Array.isArray(target[name]) ? (target[name] as Json[]) : [])
const notPrimary = (element: Json): Json => (element.primary === true ? { ...element, primary: false } : element)

function preferring(before: Json[], fits: (element: Json) => boolean, part: Json): Json[] {
  return before.map(element => {
    if (fits(element)) return compact({ ...element, ...part })
    return part.primary === true ? notPrimary(element) : element
  })
}

function setElements(target: Json, { name }: Attribute, elements: Json[]): void {
  const filled = elements.filter(element => Object.keys(element).length > 0)
  assign(target, name, filled.length === 0 ? undefined : filled)
}

function assign(target: Json, name: string, value: unknown): void {
  if (value === undefined) delete target[name]
  else target[name] = value
}

const compact = (element: Json): Json =>
  Object.fromEntries(Object.entries(element).filter(([, value]) => value !== undefined))
const without = (element: Json, name: string): Json =>
  Object.fromEntries(Object.entries(element).filter(([key]) => key !== name))

/** A removal names elements by their value; what else is said of them (`$ref: null`, a display) does not matter. */
const isSame = (one: Json, other: Json) => fold(one.value) === fold(other.value) && hasType(one, other)
const hasType = (one: Json, other: Json) => one.type === undefined || fold(one.type) === fold(other.type)
const isEqual = (one: Json, other: Json) => isSame(one, other) && fold(one.type) === fold(other.type)
const fold = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : value)

/** The element that would fit: `type eq "work" and primary eq true` → both. Undefined for what says no such thing. */
function elementFor(filter: Filter, attribute: Attribute): Json | undefined {
  if (filter.op === 'and') {
    const made = filter.filters.map(each => elementFor(each, attribute))
    return made.includes(undefined) ? undefined : Object.assign({}, ...made)
  }
  if (filter.op !== 'eq') return undefined
  const sub = named(attribute.subs ?? [], filter.path.name)
  return sub && { [sub.name]: readValue(sub, filter.value) }
}

/** Whether an element of several values fits a filter on them. */
export function matches(filter: Filter, element: Json, attribute: Attribute): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every(each => matches(each, element, attribute))
    case 'or':
      return filter.filters.some(each => matches(each, element, attribute))
    case 'not':
      return !matches(filter.filter, element, attribute)
    case 'some':
      throw errors.scimFilterInvalid({ reason: 'there is a list in a list' })
    case 'pr':
      return partOf(element, filter.path, attribute) !== undefined
    default:
      return compares(filter.op, fold(partOf(element, filter.path, attribute)), fold(filter.value) as Value)
  }
}

function partOf(element: Json, { name }: AttributePath, { subs = [] }: Attribute): unknown {
  const sub = named(subs, name)
  if (!sub) throw errors.scimFilterInvalid({ reason: `there is no sub-attribute ${name.slice(0, 100)}` })
  return element[sub.name]
}

function compares(op: string, has: unknown, wanted: Value): boolean {
  // A flag that was never said is false, and Entra may ask for it as text.
  const left = typeof wanted === 'boolean' ? (has ?? false) : typeof has === 'boolean' ? String(has) : has
  if (op === 'eq') return left === wanted || (wanted === null && left === undefined)
  if (op === 'ne') return left !== wanted
  if (typeof left !== 'string' || typeof wanted !== 'string') return false
  switch (op) {
    case 'co':
      return left.includes(wanted)
    case 'sw':
      return left.startsWith(wanted)
    case 'ew':
      return left.endsWith(wanted)
    case 'gt':
      return left > wanted
    case 'ge':
      return left >= wanted
    case 'lt':
      return left < wanted
    default:
      return left <= wanted
  }
}
