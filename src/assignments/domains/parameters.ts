import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

type Parameters = Readonly<Record<string, unknown>>

/** The parameters as whatever takes them gets them: with the defaults of its schema. */
export const withDefaults = (schema: TSchema | undefined, given: Parameters): Parameters =>
  schema === undefined ? {} : (Value.Default(schema, { ...given }) as Parameters)

/** What is wrong with parameters, for a person; undefined where they fit. */
export function parameterFault(schema: TSchema, given: Parameters): string | undefined {
  const [fault] = Value.Errors(schema, withDefaults(schema, given))
  return fault && `${fault.instancePath.slice(1).replaceAll('/', '.')} ${fault.message}`.trim()
}
