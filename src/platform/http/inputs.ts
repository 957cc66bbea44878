import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { Settings } from 'typebox/system'
import { errors } from './errors.ts'

// Its own bound of 8 left out unknown properties behind what was missing beside them.
Settings.Set({ maxErrors: 100 })

/** Checks what came from outside and gives it in its declared types, or refuses with every fault. */
export type Input = (value: unknown) => unknown

export type Fault = { in: 'params' | 'query' | 'body'; pointer: string; message: string }

/** A JSON body as it stands. Properties that the schema does not list are refused, at every depth (mass assignment). */
export function compileBody(schema: TSchema | undefined): Input {
  if (schema === undefined) return refuseBody
  const validatorOf = compiledOnce(schema)
  const defaults = Object.entries(propertiesOf(schema)).filter(([, property]) => property.default !== undefined)
  return value => {
    if (value === undefined) throw invalid([{ in: 'body', pointer: '', message: 'a body is required' }])
    if (isRecord(value)) {
      for (const [name, property] of defaults) if (!Object.hasOwn(value, name)) value[name] = property.default
    }
    const validator = validatorOf()
    if (validator.Check(value)) return value
    throw invalid(faultsOf('body', validator.Errors(value)))
  }
}

/**
 * Path or query parameters: text turned into the declared type. An empty query parameter counts as not given. Unknown ones
 * are refused, unless the schema says `additionalProperties: true`: then they are not looked at.
 */
export function compileParameters(where: 'params' | 'query', schema: TSchema | undefined): Input {
  const parameters = Object.entries(propertiesOf(schema)).map(([name, property]) => ({
    name,
    coerce: coercionOf(property),
    byDefault: property.default,
  }))
  const names = new Set(parameters.map(parameter => parameter.name))
  const ignoresOthers = (schema as Schema | undefined)?.additionalProperties === true
  const validatorOf = schema && compiledOnce(schema)
  return value => {
    const validator = validatorOf?.()
    const given = value as Record<string, unknown>
    const parsed: Record<string, unknown> = {}
    for (const { name, coerce, byDefault } of parameters) {
      const text = given[name]
      if (text !== undefined && text !== '') parsed[name] = coerce(text)
      else if (byDefault !== undefined) parsed[name] = byDefault
    }
    const unknown: Fault[] = []
    for (const name in given) {
      if (!names.has(name) && !ignoresOthers)
        unknown.push({ in: where, pointer: pointerTo('', name), message: 'is not a known parameter' })
    }
    if (unknown.length === 0 && (validator === undefined || validator.Check(parsed))) return parsed
    throw invalid([...unknown, ...(validator ? faultsOf(where, validator.Errors(parsed)) : [])])
  }
}

/** Compiled when it is first asked for: at a start nobody waits for hundreds of which few are asked soon. */
function compiledOnce(schema: TSchema): () => Validator {
  let validator: Validator | undefined
  return () => {
    validator ??= Compile(closed(schema))
    return validator
  }
}

/** The schema with all its objects closed to unlisted properties, unless one says otherwise. */
export function closed<T extends TSchema>(schema: T): T {
  const open = schema as Schema
  const changes: Schema = {}
  if (open.properties) {
    changes.properties = mapValues(open.properties, closed)
    if (open.additionalProperties === undefined && !open.patternProperties) changes.additionalProperties = false
  }
  if (isRecord(open.items)) changes.items = closed(open.items as Schema)
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    if (open[keyword]) changes[keyword] = open[keyword].map(closed)
  }
  if (open.allOf) changes.unevaluatedProperties = false
  // TypeBox keeps its marks (kind, optional, refinements) as hidden properties: a spread would drop them.
  const copy = Object.create(Object.getPrototypeOf(schema), Object.getOwnPropertyDescriptors(schema))
  return Object.assign(copy, changes)
}

type Schema = TSchema & {
  type?: string | string[]
  default?: unknown
  properties?: Record<string, Schema>
  patternProperties?: unknown
  additionalProperties?: unknown
  unevaluatedProperties?: unknown
  items?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
}

function propertiesOf(schema: TSchema | undefined): Record<string, Schema> {
  return (schema as Schema | undefined)?.properties ?? {}
}

function coercionOf(schema: Schema): (given: unknown) => unknown {
  const types = [schema.type].flat()
  if (types.includes('array')) {
    const one = coercionOf((schema.items ?? {}) as Schema)
    return given => (Array.isArray(given) ? given : [given]).map(one)
  }
  if (types.includes('integer')) return given => (isText(given, /^-?\d{1,15}$/) ? Number(given) : given)
  if (types.includes('number')) return given => (isText(given, /^-?\d{1,15}([.]\d{1,15})?$/) ? Number(given) : given)
  if (types.includes('boolean')) return given => (given === 'true' ? true : given === 'false' ? false : given)
  return given => given
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value)
}

function refuseBody(value: unknown): undefined {
  if (value === undefined || value === null) return undefined
  if (isRecord(value)) {
    const names = Object.keys(value)
    if (names.length === 0) return undefined
    throw invalid(names.map(name => ({ in: 'body', pointer: pointerTo('', name), message: 'is not a known property' })))
  }
  throw invalid([{ in: 'body', pointer: '', message: 'no body is expected' }])
}

function invalid(faults: Fault[]) {
  return errors.requestInvalid({ errors: faults.slice(0, 20) })
}

type ValidationError = { keyword: string; instancePath: string; params: object; message: string }

function faultsOf(where: Fault['in'], found: readonly ValidationError[]): Fault[] {
  return found.flatMap(({ keyword, instancePath, params, message }): Fault[] => {
    const all = params as Record<string, string[] | undefined>
    switch (keyword) {
      case 'additionalProperties':
      case 'unevaluatedProperties':
        return (all[keyword] ?? []).map(name => ({
          in: where,
          pointer: pointerTo(instancePath, name),
          message: where === 'body' ? 'is not a known property' : 'is not a known parameter',
        }))
      case 'required':
        return (all.requiredProperties ?? []).map(name => ({
          in: where,
          pointer: pointerTo(instancePath, name),
          message: 'is required',
        }))
      // What TypeBox adds for each surplus property beside `additionalProperties`.
      case 'boolean':
        return []
      case 'enum':
        return [{ in: where, pointer: instancePath, message: `must be one of ${JSON.stringify(all.allowedValues)}` }]
      default:
        return [{ in: where, pointer: instancePath, message }]
    }
  })
}

function pointerTo(parent: string, name: string): string {
  return `${parent}/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapValues<T>(record: Record<string, T>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}
