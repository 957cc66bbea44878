import { type Static, Type } from 'typebox'

const name = Type.String({ pattern: '^[a-z][a-z0-9_]{0,99}$' })
const Word = Type.Object({
  singular: Type.String({ minLength: 1, maxLength: 60, pattern: '\\S' }),
  plural: Type.String({ minLength: 1, maxLength: 60, pattern: '\\S' }),
})
const Parameters = Type.Record(
  Type.String({ maxLength: 100 }),
  Type.Union([Type.Number(), Type.String({ maxLength: 1_000 }), Type.Boolean()]),
  { maxProperties: 100 },
)

/** What a domain calls what it has. */
export const Words = Type.Object({ participant: Word, target: Word, assignment: Word })
export type Words = Static<typeof Words>

/** VS-08, VS-11: how a round is made, in the document's own words. What is not named here is kept as it is. */
export const Configuration = Type.Object(
  {
    words: Type.Optional(Type.Partial(Words)),
    strategy: Type.Optional({ ...name, description: 'Unless a round says another', examples: ['optimal'] }),
    strategy_parameters: Type.Optional({ ...Parameters, examples: [{ rotation_weight: 0.8, balance_weight: 0.2 }] }),
    constraints: Type.Optional(
      Type.Object(
        {
          max_assignments_per_participant: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
          max_hours_per_week: Type.Optional(Type.Number({ minimum: 0, maximum: 168 })),
          min_rest_hours: Type.Optional(Type.Number({ minimum: 0, maximum: 168 })),
        },
        { additionalProperties: true, description: 'For everybody who has no limit of his own' },
      ),
    ),
    validation_rules: Type.Optional(
      Type.Array(name, { maxItems: 100, examples: [['capacity_check', 'availability_check', 'skill_matching']] }),
    ),
    fairness: Type.Optional(Parameters),
    notices: Type.Optional(
      Type.Object(
        {
          mail_without_account: Type.Optional(
            Type.Boolean({
              description: 'Whether participants without an account are mailed what they are on; false unless told',
            }),
          ),
        },
        { additionalProperties: true },
      ),
    ),
  },
  { additionalProperties: true },
)
export type Configuration = Static<typeof Configuration>

/** A rule of validation with what it needs to know: one of those that `/assignment-methods` tells, or of a program of one's own. */
export const BusinessRule = Type.Object({
  name,
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
  parameters: Type.Optional({
    ...Parameters,
    description: 'Of a rule that is known here those that it takes; of another one any',
  }),
  isActive: Type.Optional(Type.Boolean({ description: 'Unless it is false' })),
})

const plainWords: Words = {
  participant: { singular: 'participant', plural: 'participants' },
  target: { singular: 'target', plural: 'targets' },
  assignment: { singular: 'assignment', plural: 'assignments' },
}

/** The domain's words, and the plain ones where it has none. */
export const wordsOf = ({ words }: Configuration): Words => ({
  participant: words?.participant ?? plainWords.participant,
  target: words?.target ?? plainWords.target,
  assignment: words?.assignment ?? plainWords.assignment,
})
