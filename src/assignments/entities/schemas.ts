// The part of JSON Schema that the form of an entity definition edits (VS-05): nothing that refers, branches or takes long.
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { oneOf } from '#platform/http'
import { errors } from '../errors.ts'

const text = Type.String({ maxLength: 1_000 })
const described = { title: Type.Optional(text), description: Type.Optional(text) }

/** A field of an entity; which of the constraints count depends on its type. */
export const Field = Type.Object({
  ...described,
  order: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1_000, description: 'Its place among the fields in a form' }),
  ),
  type: oneOf(['string', 'number', 'integer', 'boolean', 'array']),
  enum: Type.Optional(
    Type.Array(Type.Union([Type.String({ maxLength: 200 }), Type.Number()]), {
      minItems: 1,
      maxItems: 200,
      uniqueItems: true,
    }),
  ),
  format: Type.Optional(oneOf(['date', 'time', 'date-time', 'email', 'uri', 'uuid'])),
  minLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  maxLength: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  minimum: Type.Optional(Type.Number()),
  maximum: Type.Optional(Type.Number()),
  items: Type.Optional(Type.Object({ type: oneOf(['string', 'number', 'integer', 'boolean']) })),
  minItems: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
  maxItems: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
  uniqueItems: Type.Optional(Type.Boolean()),
})

/** JSON Schema of an object. Patterns are left out: a pattern can take longer than anybody waits. */
export const EntitySchema = Type.Object({
  type: Type.Literal('object'),
  properties: Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,99}$' }), Field, {
    maxProperties: 200,
    additionalProperties: false,
  }),
  required: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 200, uniqueItems: true })),
})
export type EntitySchema = Static<typeof EntitySchema>

/** Where data does not fit, and how. */
export const Fault = Type.Object({ pointer: Type.String(), message: Type.String() })
export type Fault = Static<typeof Fault>

export type Entity = Record<string, unknown>

/** Refuses a schema that asks for a field that it does not have, or whose bounds leave nothing. */
export function checkSchema({ properties, required = [] }: EntitySchema): void {
  const missing = required.find(name => !Object.hasOwn(properties, name))
  if (missing) throw errors.definitionFaulty({ reason: `It requires the field “${missing}”, which it does not have.` })
  for (const [name, field] of Object.entries(properties)) {
    for (const [least, most] of [
      ['minLength', 'maxLength'],
      ['minimum', 'maximum'],
      ['minItems', 'maxItems'],
    ] as const) {
      if ((field[least] ?? Number.NEGATIVE_INFINITY) > (field[most] ?? Number.POSITIVE_INFINITY)) {
        throw errors.definitionFaulty({ reason: `Of the field “${name}” ${least} is more than ${most}.` })
      }
    }
  }
}

/** Judges data by a schema, as often as one likes: at most 20 faults of each, none where it fits. */
export function judgeOf(schema: EntitySchema): (data: Entity) => Fault[] {
  const validator = Compile({ ...schema, additionalProperties: false } as never)
  return data =>
    validator.Check(data as never)
      ? []
      : validator
          .Errors(data)
          .flatMap(({ keyword, instancePath, params, message }): Fault[] => {
            const named = params as Record<string, string[] | undefined>
            if (keyword === 'boolean') return []
            if (keyword === 'required')
              return (named.requiredProperties ?? []).map(name => ({ pointer: `/${name}`, message: 'is required' }))
            if (keyword === 'additionalProperties')
              return (named.additionalProperties ?? []).map(name => ({
                pointer: `/${name}`,
                message: 'is no field of the definition',
              }))
            return [{ pointer: instancePath, message }]
          })
          .slice(0, 20)
}
