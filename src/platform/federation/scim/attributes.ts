import { scimErrors as errors } from './errors.ts'
import { isObject, type Json, urns } from './messages.ts'

/** What RFC 7643 says of an attribute; unless told it is text, has one value, and may be read and written. */
export type Attribute = {
  name: string
  description: string
  type?: 'boolean' | 'complex' | 'dateTime' | 'reference'
  isMultiValued?: true
  isRequired?: true
  isCaseExact?: true
  isUnique?: true
  mutability?: 'readOnly' | 'writeOnly' | 'immutable'
  subs?: readonly Attribute[]
}

const longestText = 4_000
const mostElements = 100

/** `value`, `display`, `type`, `primary`, as most attributes of several values have them. */
const several = (name: string, description: string): Attribute => ({
  name,
  description,
  type: 'complex',
  isMultiValued: true,
  subs: [
    { name: 'value', description: 'The value itself' },
    { name: 'display', description: 'As people read it' },
    { name: 'type', description: 'What it is for: work, home, other' },
    { name: 'primary', description: 'Whether it is the preferred one', type: 'boolean' },
  ],
})

const texts = (named: Readonly<Record<string, string>>): Attribute[] =>
  Object.entries(named).map(([name, description]) => ({ name, description }))

/** Kept as the directory tells it, beside userName, externalId and active. */
const userDetails: readonly Attribute[] = [
  {
    name: 'name',
    description: 'The parts of the name',
    type: 'complex',
    subs: texts({
      formatted: 'The whole name',
      familyName: 'The family name',
      givenName: 'The given name',
      middleName: 'The middle name',
      honorificPrefix: 'What stands before the name',
      honorificSuffix: 'What stands behind the name',
    }),
  },
  ...texts({
    displayName: 'The name as others are shown it',
    nickName: 'How one calls him',
    profileUrl: 'A page about him',
    title: 'What he is: Vice President',
    userType: 'Employee, contractor …',
    preferredLanguage: 'A language tag',
    locale: 'A language tag',
    timezone: 'An IANA name',
  }),
  several('emails', 'Addresses; the primary one, else that for work, is where invitations go'),
  several('phoneNumbers', 'Telephone numbers'),
  several('ims', 'Addresses for messages'),
  several('photos', 'Addresses of pictures'),
  {
    name: 'addresses',
    description: 'Where he can be found',
    type: 'complex',
    isMultiValued: true,
    subs: [
      ...texts({
        formatted: 'The whole address',
        streetAddress: 'Street and number',
        locality: 'Town',
        region: 'State or region',
        postalCode: 'Postal code',
        country: 'ISO 3166-1 alpha-2',
        type: 'What it is for: work, home, other',
      }),
      { name: 'primary', description: 'Whether it is the preferred one', type: 'boolean' },
    ],
  },
  several('entitlements', 'What he may have; gives nothing here'),
  several('roles', 'Roles; they give nothing here, groups do'),
]

/** What every resource has (RFC 7643, 3.1). */
const common: readonly Attribute[] = [
  { name: 'id', description: 'Ours', isCaseExact: true, mutability: 'readOnly' },
  { name: 'externalId', description: 'The directory’s', isCaseExact: true },
  {
    name: 'meta',
    description: 'When it was made and changed',
    type: 'complex',
    mutability: 'readOnly',
    subs: [
      { name: 'resourceType', description: 'User or Group', isCaseExact: true },
      { name: 'created', description: 'When it was made', type: 'dateTime' },
      { name: 'lastModified', description: 'When it was changed last', type: 'dateTime' },
      { name: 'location', description: 'Its address', type: 'reference', isCaseExact: true },
      { name: 'version', description: 'Its entity tag', isCaseExact: true },
    ],
  },
]

const userOwn: readonly Attribute[] = [
  {
    name: 'userName',
    description: 'By which the directory tells its people apart, in any case',
    isRequired: true,
    isUnique: true,
  },
  ...userDetails,
  { name: 'active', description: 'False ends the membership in this workspace at once', type: 'boolean' },
  { name: 'password', description: 'Taken, and thrown away', mutability: 'writeOnly' },
  {
    name: 'groups',
    description: 'The groups that he is in',
    type: 'complex',
    isMultiValued: true,
    mutability: 'readOnly',
    subs: [
      { name: 'value', description: 'The id of the group', isCaseExact: true },
      { name: '$ref', description: 'Its address', type: 'reference', isCaseExact: true },
      { name: 'display', description: 'Its name' },
    ],
  },
]

const enterprise: readonly Attribute[] = [
  ...texts({
    employeeNumber: 'Number of the employee',
    costCenter: 'Cost center',
    organization: 'Organization',
    division: 'Division',
    department: 'Department',
  }),
  {
    name: 'manager',
    description: 'Whom he reports to',
    type: 'complex',
    subs: [
      { name: 'value', description: 'The id of that user', isCaseExact: true },
      { name: '$ref', description: 'Its address', type: 'reference', isCaseExact: true },
      { name: 'displayName', description: 'The name of that user' },
    ],
  },
]

const groupOwn: readonly Attribute[] = [
  { name: 'displayName', description: 'Its name, unique in any case', isRequired: true, isUnique: true },
  {
    name: 'members',
    description: 'Who is in it; groups in groups are not taken',
    type: 'complex',
    isMultiValued: true,
    subs: [
      { name: 'value', description: 'The id of the user', isCaseExact: true, mutability: 'immutable' },
      { name: '$ref', description: 'Its address', type: 'reference', isCaseExact: true, mutability: 'immutable' },
      { name: 'type', description: 'User', mutability: 'immutable' },
      { name: 'display', description: 'The name of the user', mutability: 'readOnly' },
    ],
  },
]

/** A kind of resource: its own attributes, and those of what extends it by the URN of that. */
export type Shape = {
  urn: string
  name: 'User' | 'Group'
  own: readonly Attribute[]
  all: readonly Attribute[]
  extensions: Readonly<Record<string, readonly Attribute[]>>
}

export const userShape: Shape = {
  urn: urns.user,
  name: 'User',
  own: userOwn,
  all: [...common, ...userOwn],
  extensions: { [urns.enterprise]: enterprise },
}
export const groupShape: Shape = {
  urn: urns.group,
  name: 'Group',
  own: groupOwn,
  all: [...common, ...groupOwn],
  extensions: {},
}

/** An attribute found by its name; `urn`: of which extension. Without `attribute` it is the extension as a whole. */
export type Place = { urn?: string; attribute?: Attribute }

/** Names are compared in any case, with the schema's URN before them or not (RFC 7643, 2.1; RFC 7644, 3.10). */
export function findPlace(shape: Shape, name: string): Place | undefined {
  const wanted = name.toLowerCase()
  for (const [urn, attributes] of Object.entries(shape.extensions)) {
    if (wanted === urn.toLowerCase()) return { urn }
    if (!wanted.startsWith(`${urn.toLowerCase()}:`)) continue
    const attribute = named(attributes, name.slice(urn.length + 1))
    return attribute && { urn, attribute }
  }
  const prefix = `${shape.urn.toLowerCase()}:`
  const attribute = named(shape.all, wanted.startsWith(prefix) ? name.slice(prefix.length) : name)
  return attribute && { attribute }
}

export function named(attributes: readonly Attribute[], name: string): Attribute | undefined {
  const wanted = name.toLowerCase()
  return attributes.find(each => each.name.toLowerCase() === wanted)
}

/**
 * A resource as the schema writes it: known attributes under their own names, values in their types, nothing that is null
 * or that only we may say. What is unknown is left out, as directories send much that is theirs alone.
 */
export function readResource(shape: Shape, given: Json): Json {
  const read: Json = {}
  for (const [name, value] of Object.entries(given)) {
    const place = findPlace(shape, name)
    if (!place || value === null || value === undefined) continue
    const { urn, attribute } = place
    if (attribute && isOurs(attribute)) continue
    if (urn === undefined && attribute) put(read, attribute.name, readValue(attribute, value))
    else if (urn !== undefined && attribute) put(extension(read, urn), attribute.name, readValue(attribute, value))
    else if (urn !== undefined && isObject(value))
      Object.assign(extension(read, urn), readParts(shape.extensions[urn] ?? [], value))
  }
  for (const urn of Object.keys(shape.extensions)) {
    if (isObject(read[urn]) && Object.keys(read[urn]).length === 0) delete read[urn]
  }
  return read
}

/** Whether a client's word on it counts for nothing. */
export const isOurs = ({ mutability, name }: Attribute) =>
  mutability === 'readOnly' || mutability === 'writeOnly' || name === 'meta'

export function extension(resource: Json, urn: string): Json {
  const found = resource[urn]
  if (isObject(found)) return found
  const made: Json = {}
  resource[urn] = made
  return made
}

function put(target: Json, name: string, value: unknown): void {
  if (value !== undefined) target[name] = value
}

/** A value as the schema wants it; undefined for none (RFC 7643, 2.5: null and an empty list are none). */
export function readValue(attribute: Attribute, value: unknown): unknown {
  if (value === null || value === undefined) return undefined
  if (!attribute.isMultiValued) return readOne(attribute, value)
  const elements = Array.isArray(value) ? value : [value]
  // Members of groups are counted elsewhere.
  if (elements.length > mostElements && attribute.name !== 'members') {
    throw errors.scimValueInvalid({ attribute: attribute.name, reason: `it has more than ${mostElements} values` })
  }
  const read = elements.map(element => readOne(attribute, element)).filter(element => element !== undefined)
  return read.length === 0 ? undefined : onePrimary(read)
}

function readOne(attribute: Attribute, value: unknown): unknown {
  if (value === null || value === undefined) return undefined
  const refuse = (reason: string) => errors.scimValueInvalid({ attribute: attribute.name, reason })
  switch (attribute.type) {
    case 'boolean':
      if (typeof value === 'boolean') return value
      // Entra writes booleans as text, in capitals.
      if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true'
      throw refuse('it is neither true nor false')
    case 'complex': {
      if (isObject(value)) {
        const parts = readParts(attribute.subs ?? [], value)
        return Object.keys(parts).length === 0 ? undefined : parts
      }
      // An address or a manager is often given by its value alone.
      const of = named(attribute.subs ?? [], 'value')
      if (of && typeof value === 'string') return value === '' ? undefined : { value: readOne(of, value) }
      throw refuse('it is no object')
    }
    default:
      if (typeof value === 'number') return String(value)
      if (typeof value !== 'string') throw refuse('it is no text')
      if (value.length > longestText) throw refuse(`it is longer than ${longestText} characters`)
      return value
  }
}

function readParts(attributes: readonly Attribute[], given: Json): Json {
  const read: Json = {}
  for (const [name, value] of Object.entries(given)) {
    const attribute = named(attributes, name)
    if (attribute) put(read, attribute.name, readValue(attribute, value))
  }
  return read
}

/** Of several that say so the last one is the preferred one (RFC 7643, 2.4: at most one). */
function onePrimary(elements: unknown[]): unknown[] {
  const last = elements.findLastIndex(element => isObject(element) && element.primary === true)
  return elements.map((element, index) =>
    isObject(element) && element.primary === true && index !== last ? { ...element, primary: false } : element,
  )
}
