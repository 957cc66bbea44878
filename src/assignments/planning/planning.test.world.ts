// The whole program with a hostel that rotates chores; each test makes a domain of its own.
import assert from 'node:assert/strict'
import { type Person, testWorld } from '#test/world.ts'

export const world = await testWorld({ hasRouteLimits: false, placed: false })
export const { admin, alice, app, bob, viewer } = world

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, each looked at by its test
export type Answer = { status: number; headers: Headers; json: any }

export async function call(
  person: Person,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await person.fetch(path, { method, headers, ...(body !== undefined && { body }) })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) }
}

/** What must succeed. */
export async function ask(person: Person, method: string, path: string, body?: unknown): Promise<Answer['json']> {
  const { status, json } = await call(person, method, path, body)
  assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(json)}`)
  return json
}

let domains = 0

type Fields = Record<string, unknown>

export type House = {
  domainId: string
  people: Record<string, string>
  places: Record<string, string>
  nameOf: (id: string) => string
  round(fields?: Fields): Promise<string>
  person(name: string, fields?: Fields): Promise<string>
  /** Who is on what as the program says it: `Kitchen: Anna Ben`, in order of names. */
  board(assignmentId: string): Promise<string[]>
}

/** A domain with people and chores, by their names. */
export async function houseOf(
  people: Record<string, Fields>,
  places: Record<string, Fields>,
  configuration: Fields = {},
  person: Person = alice,
): Promise<House> {
  domains++
  const name = `house-${domains}`
  const words = {
    participant: { singular: 'house-mate', plural: 'house-mates' },
    target: { singular: 'chore', plural: 'chores' },
  }
  const { id: domainId } = await ask(person, 'POST', '/assignment-domains', {
    ...{ name, displayName: name, configuration: { words, ...configuration } },
  })
  const ids = { people: {} as Record<string, string>, places: {} as Record<string, string> }
  const addPerson = async (who: string, fields: Fields = {}) => {
    const { id } = await ask(person, 'POST', '/participants', { domainId, name: who, ...fields })
    ids.people[who] = id
    return id as string
  }
  for (const [who, fields] of Object.entries(people)) await addPerson(who, fields)
  for (const [what, fields] of Object.entries(places))
    ids.places[what] = (await ask(person, 'POST', '/assignment-targets', { domainId, name: what, ...fields })).id
  return {
    domainId,
    ...ids,
    nameOf: id =>
      [...Object.entries(ids.people), ...Object.entries(ids.places)].find(each => each[1] === id)?.[0] ?? id,
    person: addPerson,
    round: async (fields = {}) =>
      (
        await ask(person, 'POST', '/assignments', {
          ...{ domainId, assignmentDate: '2027-03-08', endsOn: '2027-03-14', seed: 1 },
          ...fields,
        })
      ).id,
    board: async assignmentId => {
      const { items } = await ask(person, 'GET', `/assignments/${assignmentId}/details?limit=100`)
      const on = Map.groupBy(items as { targetName: string; participantName: string }[], each => each.targetName)
      return [...on]
        .map(
          ([target, all]) =>
            `${target}: ${all
              .map(each => each.participantName)
              .sort()
              .join(' ')}`,
        )
        .sort()
    },
  }
}
