import { type Static, Type } from 'typebox'
import { nullable, oneOf } from '#platform/http'
import { strategies } from '../engine/strategies/strategies.ts'
import { validationRules } from '../engine/validation-rules/validation-rules.ts'

export const Parameter = Type.Object({
  name: Type.String(),
  type: oneOf(['number', 'boolean', 'string']),
  description: nullable(Type.String()),
  default: Type.Union([Type.Number(), Type.Boolean(), Type.String(), Type.Null()]),
  minimum: nullable(Type.Number()),
  maximum: nullable(Type.Number()),
})

const named = { name: Type.String(), description: Type.String() }

/** How rounds can be planned here, and what they are held against; modules add to both. */
export const Methods = Type.Object({
  strategies: Type.Array(Type.Object({ ...named, parameters: Type.Array(Parameter) }), {
    description: 'The first is taken where nothing is said',
  }),
  validationRules: Type.Array(Type.Object({ ...named, parameters: Type.Array(Parameter) })),
})
export type Methods = Static<typeof Methods>

export const listMethods = (): Methods => ({
  strategies: strategies.list().map(({ name, describe, parameters }) => ({
    name,
    description: describe,
    parameters: parametersOf(parameters),
  })),
  validationRules: validationRules.list().map(({ name, describe, parameters }) => ({
    name,
    description: describe,
    parameters: parametersOf(parameters ?? {}),
  })),
})

const parametersOf = (schema: object): Static<typeof Parameter>[] =>
  Object.entries(propertiesOf(schema)).map(([name, property]) => ({
    name,
    type: property.type === 'boolean' || property.type === 'string' ? property.type : 'number',
    description: property.description ?? null,
    default: property.default ?? null,
    minimum: property.minimum ?? null,
    maximum: property.maximum ?? null,
  }))

type Property = {
  type?: string
  description?: string
  default?: number | boolean | string
  minimum?: number
  maximum?: number
}

const propertiesOf = (schema: object) => (schema as { properties?: Record<string, Property> }).properties ?? {}
