import { type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { openTextFile } from '#platform/files'
import { instanceOf, ProblemError } from '../engine/instances.ts'
import { largestCost, type Plan, type Problem } from '../engine/problem.ts'
import { errors } from '../errors.ts'

const closed = { additionalProperties: false } as const
const id = Type.String({ minLength: 1, maxLength: 200 })
const count = Type.Integer({ minimum: 0, maximum: 1_000_000 })
const cost = Type.Integer({ minimum: -largestCost, maximum: largestCost })
const minute = Type.Integer({ minimum: -largestCost, maximum: largestCost })
const pinnedPair = Type.Object({ participant: id, target: id }, closed)

const relation = Type.Object(
  {
    kind: Type.Union([Type.Literal('together'), Type.Literal('apart')]),
    participants: Type.Tuple([id, id]),
  },
  closed,
)

/** A `Problem` as a file holds it. Lists that may be left out are empty then. */
const problemFile = Type.Object(
  {
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 })),
    participants: Type.Array(
      Type.Object(
        {
          id,
          minimum: Type.Optional(count),
          maximum: count,
          loadCosts: Type.Optional(Type.Array(cost)),
          minuteLimits: Type.Optional(Type.Array(Type.Object({ from: minute, to: minute, maximum: minute }, closed))),
          restMinutes: Type.Optional(count),
        },
        closed,
      ),
    ),
    targets: Type.Array(
      Type.Object(
        {
          id,
          minimum: count,
          maximum: count,
          shortageCost: Type.Optional(cost),
          extraValue: Type.Optional(cost),
          occurrences: Type.Optional(Type.Array(Type.Object({ startsAt: minute, endsAt: minute }, closed))),
          mixes: Type.Optional(
            Type.Array(
              Type.Object(
                { name: Type.String({ minLength: 1 }), minimum: count, participants: Type.Array(id) },
                closed,
              ),
            ),
          ),
        },
        closed,
      ),
    ),
    pairs: Type.Array(
      Type.Object(
        {
          ...{ participant: id, target: id, cost },
          skillMatch: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
          minutesEach: Type.Optional(count),
        },
        closed,
      ),
    ),
    pins: Type.Optional(Type.Array(pinnedPair)),
    relations: Type.Optional(Type.Array(relation)),
  },
  closed,
)

const sideConstraints = [
  Type.Object({ kind: Type.Literal('minutes'), participant: id, from: minute }, closed),
  Type.Object({ kind: Type.Literal('rest'), participant: id, at: minute, targets: Type.Array(id) }, closed),
  Type.Object({ kind: Type.Literal('mix'), target: id, mix: Type.String() }, closed),
  Type.Object({ kind: Type.Literal('apart'), participants: Type.Tuple([id, id]), target: id }, closed),
  Type.Object({ kind: Type.Literal('together'), participants: Type.Tuple([id, id]), target: id }, closed),
] as const

const demand = Type.Union([
  Type.Object({ kind: Type.Literal('targetMinimum'), target: id }, closed),
  Type.Object({ kind: Type.Literal('targetMaximum'), target: id }, closed),
  Type.Object({ kind: Type.Literal('participantMinimum'), participant: id }, closed),
  Type.Object({ kind: Type.Literal('participantMaximum'), participant: id }, closed),
  Type.Object({ kind: Type.Literal('pin'), participant: id, target: id }, closed),
  Type.Object({ kind: Type.Literal('relation'), relation }, closed),
  ...sideConstraints,
])

/** As `commonhold assignments solve` writes it. */
const planFile = Type.Object({
  ...{ engine: Type.String(), strategy: Type.String() },
  status: Type.Union([Type.Literal('optimal'), Type.Literal('feasible'), Type.Literal('infeasible')]),
  cost: Type.Union([Type.Number(), Type.Null()]),
  lowerBound: Type.Union([Type.Number(), Type.Null()]),
  pairs: Type.Array(pinnedPair),
  shortages: Type.Array(Type.Object({ target: id, missing: count }, closed)),
  certificate: Type.Union([
    Type.Object({
      kind: Type.Literal('prices'),
      participants: Type.Record(Type.String(), Type.Number()),
      targets: Type.Record(Type.String(), Type.Number()),
      multipliers: Type.Array(
        Type.Object({ constraint: Type.Union([...sideConstraints]), price: Type.Number() }, closed),
      ),
      claimed: Type.Optional(Type.Object({ by: Type.String(), lowerBound: Type.Number() })),
    }),
    Type.Object({
      kind: Type.Literal('conflict'),
      demands: Type.Array(demand),
      claimedBy: Type.Optional(Type.String()),
    }),
  ]),
})

/** Reads a problem from a JSON file, compressed with gzip or not. Throws `assignments.problem_file_malformed` with the place, and as `openTextFile`. */
export async function readProblem(path: string): Promise<Problem> {
  const { seed = 0, pins = [], relations = [], ...given } = await readAs(path, problemFile)
  const problem: Problem = {
    ...{ seed, pins, relations, pairs: given.pairs },
    participants: given.participants.map(({ minimum = 0, loadCosts, ...one }) => ({
      ...{ ...one, minimum },
      // Who has none costs nothing beside his pairs, however many he has.
      loadCosts: loadCosts ?? Array<number>(Math.min(one.maximum, given.targets.length)).fill(0),
    })),
    targets: given.targets.map(({ extraValue = 0, mixes = [], ...one }) => ({ ...one, extraValue, mixes })),
  }
  try {
    // Ids that are not there, pairs that are there twice: what no schema tells.
    instanceOf(problem)
  } catch (error) {
    if (error instanceof ProblemError) throw errors.problemFileMalformed({ path, fault: error.message }, error)
    throw error
  }
  return problem
}

/** Reads what `solve` has written. Throws as `readProblem` does. */
export const readPlan = async (path: string): Promise<Plan> => await readAs(path, planFile)

async function readAs<Schema extends TSchema>(path: string, schema: Schema) {
  const parsed = parse(path, await textOf(path))
  const validator = Compile(schema)
  if (validator.Check(parsed)) return parsed
  const [fault] = validator.Errors(parsed)
  throw errors.problemFileMalformed({ path, fault: `${fault?.instancePath || '/'} ${fault?.message ?? ''}`.trim() })
}

async function textOf(path: string): Promise<string> {
  const file = await openTextFile(path)
  let text = ''
  for await (const piece of file.pieces()) {
    if (piece.isDamaged) throw errors.problemFileMalformed({ path, fault: 'It is not UTF-8.' })
    text += piece.text
  }
  return text
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw errors.problemFileMalformed({ path, fault: error instanceof Error ? error.message : String(error) }, error)
  }
}
