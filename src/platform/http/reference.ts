import type { JsonSchema, OpenApi, Operation } from './openapi.ts'

/** An operation with its place, as both references (page and Markdown) list them. */
export type Listed = { method: string; path: string; operation: Operation }

/** The operations by tag, in the document's order. */
export function operationsByTag(document: OpenApi): Map<string, Listed[]> {
  const byTag = new Map<string, Listed[]>(document.tags.map(tag => [tag.name, []]))
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      for (const tag of operation.tags) byTag.get(tag)?.push({ method: method.toUpperCase(), path, operation })
    }
  }
  return byTag
}

export type Field = { name: string; type: string; required: boolean; description: string }

/** The fields of an object schema, those of nested objects with their path: `user.email`, `items[].id`. */
export function fieldsOf(document: OpenApi, schema: JsonSchema, prefix = '', depth = 0): Field[] {
  const { properties = {}, required = [] } = resolved(document, schema)
  return Object.entries(properties).flatMap(([name, property]) => {
    const field: Field = {
      name: prefix + name,
      type: typeOf(document, property),
      required: required.includes(name),
      description: resolved(document, property).description ?? '',
    }
    const target = resolved(document, property)
    const items = target.items && resolved(document, target.items)
    if (depth >= 3) return [field]
    if (target.properties) return [field, ...fieldsOf(document, target, `${prefix}${name}.`, depth + 1)]
    if (items?.properties) return [field, ...fieldsOf(document, items, `${prefix}${name}[].`, depth + 1)]
    return [field]
  })
}

export function typeOf(document: OpenApi, schema: JsonSchema): string {
  const target = resolved(document, schema)
  if (target.enum) return target.enum.map(value => JSON.stringify(value)).join(' | ')
  if (target.const !== undefined) return JSON.stringify(target.const)
  if (target.anyOf) return target.anyOf.map(one => typeOf(document, one)).join(' | ')
  const types = [target.type ?? 'any'].flat()
  return types
    .map(type => {
      if (type === 'array') return `array of ${target.items ? typeOf(document, target.items) : 'any'}`
      return type === 'string' && target.format ? target.format : type
    })
    .join(' | ')
}

/** The status of a success, and its body's schema or, where that is no JSON, its media type. */
export function successOf(operation: Operation): { status: string; schema?: JsonSchema; mediaType?: string } {
  const [status = '200', response] = Object.entries(operation.responses).find(([key]) => key.startsWith('2')) ?? []
  const content = response && 'content' in response ? response.content : undefined
  const [mediaType, body] = Object.entries(content ?? {})[0] ?? []
  if (mediaType === undefined || !body) return { status }
  return mediaType === 'application/json' ? { status, schema: body.schema } : { status, mediaType }
}

export function bodyOf(operation: Operation): JsonSchema | undefined {
  return operation.requestBody?.content['application/json']?.schema
}

function resolved(document: OpenApi, schema: JsonSchema): JsonSchema {
  const name = schema.$ref?.split('/').at(-1)
  return (name && document.components.schemas[name]) || schema
}
