// A hostel with chores of some months behind it, for journeys through the pages of assignments.
import assert from 'node:assert/strict'
import type { Person } from '#test/world.ts'

const dayMs = 86_400_000

/** `YYYY-MM-DD`, so many days from the Monday of this week; journeys are made on any day of the year. */
export function dayFromMonday(days: number): string {
  const today = new Date().toISOString().slice(0, 10)
  const monday = Date.parse(today) - ((new Date(today).getUTCDay() + 6) % 7) * dayMs
  return new Date(monday + days * dayMs).toISOString().slice(0, 10)
}

/** Asks the API for what must succeed. */
// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
export async function ask(person: Person, method: string, path: string, body?: unknown): Promise<any> {
  const response = await person.fetch(path, { method, ...(body !== undefined && { body }) })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

export const mates = [
  'Anna Bergström',
  'Ben Okafor',
  'Carla Ruiz',
  'Dmitri Volkov',
  'Emi Tanaka',
  'Farid Haddad',
  'Grace Lin',
]
const newcomer = 'Grace Lin'

const chores = [
  { name: 'Kitchen', requiredCount: 2, description: 'Counters, stove, floor and bins' },
  { name: 'Bathrooms' },
  { name: 'Yard' },
  { name: 'Door', weekday: 'saturday', startsAt: '20:00', endsAt: '23:00' },
  { name: 'Breakfast', weekday: 'sunday', startsAt: '08:00', endsAt: '10:00' },
]

export type Household = {
  domainId: string
  people: Record<string, string>
  targets: Record<string, string>
  /** Weekly, the oldest first: those before this week are completed, the last is a draft, three are published. */
  rounds: readonly string[]
}

/**
 * A domain with rounds that the engine has planned: one for each of `weeks` weeks before this one, this one and three ahead.
 * `userIds` are members that a participant is.
 */
export async function makeHousehold(
  owner: Person,
  { weeks, userIds = {} }: { weeks: number; userIds?: Record<string, string> },
): Promise<Household> {
  const { id: domainId } = await ask(owner, 'POST', '/assignment-domains', {
    name: 'chores',
    displayName: 'Chores of the house',
    configuration: {
      words: {
        participant: { singular: 'house-mate', plural: 'house-mates' },
        target: { singular: 'chore', plural: 'chores' },
        assignment: { singular: 'round', plural: 'rounds' },
      },
      fairness: { preference: 0.9, fairness: 0.1, rotation: 0.05 },
    },
  })
  const people: Record<string, string> = {}
  const targets: Record<string, string> = {}
  const enter = async (name: string, joinedOn: string) => {
    // Emi is there at the weekend alone.
    const availability =
      name === 'Emi Tanaka' ? { saturday: { '0:00': 'available' }, sunday: { '0:00': 'available' } } : {}
    const fields = { domainId, name, joinedOn, availability, userId: userIds[name] ?? null }
    people[name] = (await ask(owner, 'POST', '/participants', fields)).id
  }
  for (const name of mates) if (name !== newcomer) await enter(name, dayFromMonday(-7 * weeks - 7))
  for (const fields of chores)
    targets[fields.name] = (await ask(owner, 'POST', '/assignment-targets', { domainId, ...fields })).id
  const wish = (name: string, target: string, weight: number) =>
    ask(owner, 'PUT', `/participants/${people[name]}/preferences/${targets[target]}`, { weight, isExcluded: false })
  await wish('Anna Bergström', 'Kitchen', 2)
  await wish('Ben Okafor', 'Yard', 2)
  await wish('Carla Ruiz', 'Door', -2)
  const rounds: string[] = []
  for (let week = -weeks; week <= 3; week++) {
    if (week === -4) await enter(newcomer, dayFromMonday(7 * week))
    const { id } = await ask(owner, 'POST', '/assignments', {
      ...{ domainId, assignmentDate: dayFromMonday(week * 7), endsOn: dayFromMonday(week * 7 + 6), seed: week + weeks },
    })
    rounds.push(id)
    const run = await ask(owner, 'POST', `/assignments/${id}/runs`, {})
    assert.equal(run.status, 'done', JSON.stringify(run))
    if (week < 3) await ask(owner, 'POST', `/assignments/${id}/publication`)
    if (week < 0) await ask(owner, 'PATCH', `/assignments/${id}`, { status: 'completed' })
  }
  return { domainId, people, targets, rounds }
}
