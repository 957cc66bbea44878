// A hostel, a clinic and a conference as their planners have them after some months; invented, in data/assignments.
import { readFileSync } from 'node:fs'
import type { Highs } from 'highs'
import type { App } from '#platform/app.ts'
import { type Queryable, type Scope, sql } from '#platform/database'
import { createDomain, type DomainFields } from './domains/domains.ts'
import { openHighs } from './engine/mixed-integer.ts'
import { engineVersion } from './engine/plans.ts'
import { solveWithSides } from './engine/side-plans.ts'
import { addException } from './participants/exceptions.ts'
import { createParticipant, type ParticipantFields } from './participants/participants.ts'
import { setPreferences } from './participants/preferences.ts'
import { inPoints } from './planning/points.ts'
import { publishRound } from './planning/publications.ts'
import { readyRound } from './planning/ready-rounds.ts'
import { keepShares, noteRevision, replacePeople } from './planning/revisions.ts'
import { requestRun } from './planning/run-requests.ts'
import { createAssignment } from './rounds/assignments.ts'
import { shifted, weekdayOf } from './rounds/calendar.ts'
import { createTarget, type TargetFields, updateTarget } from './targets/targets.ts'

type Person = Omit<ParticipantFields, 'userId'> & {
  /** E-mail address of the member who it is. */
  member?: string
  /** Came so many weeks ago; unless told before the first round. */
  joins?: number
  wishes?: Record<string, number>
  never?: string[]
  away?: { weeksAgo: number; weeks: number; note: string }[]
}
type File = DomainFields & {
  /** From so many weeks ago; with `every` again each so many weeks, up to the draft, and called by its days as in the console. */
  rounds: { name?: string; weeksAgo: number; every?: number; days: number; targets?: TargetFields[] }[]
  targets: TargetFields[]
  participants: Person[]
}
type Round = { name: string | null; first: string; last: string; targets: TargetFields[] }

const files = ['hostel', 'clinic', 'conference']

/**
 * Gives a tenant the three domains: rounds that were completed, one that is under way, the next, which is published too, and a
 * draft that somebody has to look at. A domain that is there is left as it is; each is made in one transaction. `today` is the
 * day in the tenant's time zone, `memberOf` knows its members by their e-mail addresses.
 */
export async function demonstrateAssignments(
  app: App,
  scope: Scope,
  { today, timeZone, memberOf }: { today: string; timeZone: string; memberOf: ReadonlyMap<string, string> },
): Promise<void> {
  for (const file of files) {
    const given = JSON.parse(
      readFileSync(new URL(`../../data/assignments/${file}.json`, import.meta.url), 'utf8'),
    ) as File
    const draft = await app.db.transaction(scope, async tx => {
      const known = await tx.maybe(sql`select id from assignments.domains where name = ${given.name}`)
      return known
        ? undefined
        : await new Planner(app, tx, await openHighs(), given, { today, timeZone, memberOf }).plan()
    })
    // As somebody who presses the button: with a run that can be looked at, and its proof.
    if (draft) await requestRun(app, scope, draft, { kind: 'plan' })
  }
}

class Planner {
  private readonly app: App
  private readonly tx: Queryable
  private readonly given: File
  private readonly monday: string
  private readonly known: { today: string; timeZone: string; memberOf: ReadonlyMap<string, string> }
  private readonly highs: Highs
  private readonly people = new Map<Person, string>()
  private readonly targets = new Map<string, string>()

  constructor(app: App, tx: Queryable, highs: Highs, given: File, known: Planner['known']) {
    this.highs = highs
    this.app = app
    this.tx = tx
    this.given = given
    this.known = known
    this.monday = shifted(known.today, 1 - weekdayOf(known.today))
  }

  /** The round that is still to be planned. */
  async plan(): Promise<string | undefined> {
    const { tx, given } = this
    const { rounds: _, targets, participants, ...fields } = given
    const { id } = await createDomain(tx, fields)
    await this.addTargets(id, targets)
    let draft: string | undefined
    for (const round of this.rounds()) {
      const newcomers = participants.filter(each => !this.people.has(each) && this.joinsOn(each) <= round.first)
      for (const person of newcomers) await this.addPerson(id, person)
      await this.addTargets(id, round.targets)
      for (const person of this.people.keys()) await this.setWishes(person)
      const made = await this.fill(id, round)
      if (made) draft = made
      else
        for (const { name } of round.targets)
          await updateTarget(tx, this.targets.get(name) as string, { isActive: false })
    }
    return draft
  }

  private rounds(): Round[] {
    return this.given.rounds.flatMap(({ name, weeksAgo, every, days, targets = [] }) => {
      const starts = every === undefined ? [weeksAgo] : []
      if (every !== undefined) for (let ago = weeksAgo; ago >= -2; ago -= every) starts.push(ago)
      return starts.map(ago => {
        const first = shifted(this.monday, -7 * ago)
        return {
          name: name === undefined ? null : `${name} ${first.slice(0, 4)}`,
          first,
          last: shifted(first, days - 1),
          targets,
        }
      })
    })
  }

  private async addTargets(domainId: string, targets: readonly TargetFields[]): Promise<void> {
    for (const fields of targets) this.targets.set(fields.name, (await createTarget(this.tx, domainId, fields)).id)
  }

  private joinsOn({ joins = 1000 }: Person): string {
    return shifted(this.monday, -7 * joins)
  }

  private async addPerson(domainId: string, person: Person): Promise<void> {
    const { member, joins, wishes: _w, never: _n, away = [], ...fields } = person
    const userId = member === undefined ? undefined : this.known.memberOf.get(member)
    const { id } = await createParticipant(this.tx, domainId, {
      ...fields,
      ...(userId && { userId }),
      joinedOn: joins === undefined ? shifted(this.monday, -365) : this.joinsOn(person),
    })
    this.people.set(person, id)
    for (const { weeksAgo, weeks, note } of away) {
      const startsOn = shifted(this.monday, -7 * weeksAgo)
      await addException(this.tx, id, { startsOn, endsOn: shifted(startsOn, 7 * weeks - 1), isAvailable: false, note })
    }
  }

  /** Of targets that are there by now. */
  private async setWishes(person: Person): Promise<void> {
    const { wishes = {}, never = [] } = person
    const wanted = [
      ...Object.entries(wishes).map(([name, weight]) => ({ targetId: this.targets.get(name), weight })),
      ...never.map(name => ({ targetId: this.targets.get(name), isExcluded: true })),
    ].flatMap(({ targetId, ...wish }) => (targetId ? [{ targetId, ...wish }] : []))
    if (wanted.length > 0) await setPreferences(this.tx, this.people.get(person) as string, wanted)
  }

  /** Plans a round; of one after the next week it answers the id, and leaves it to whoever plans. */
  private async fill(domainId: string, { name, first, last }: Round): Promise<string | undefined> {
    const { app, tx } = this
    const { today, timeZone } = this.known
    const { id } = await createAssignment(tx, domainId, { name, assignmentDate: first, endsOn: last, seed: 1 })
    if (first > shifted(this.monday, 7)) return id
    const round = await readyRound(tx, id, { timeZone })
    // Here and not in a thread: thirty of them would take longer to start than to solve, and nobody waits for this one yet.
    const { pairs, status, cost, lowerBound } = solveWithSides(this.highs, round.problem)
    if (status === 'infeasible') throw new Error(`The demonstration has no plan for ${name ?? first}`)
    await replacePeople(tx, id, pairs, round.times)
    await keepShares(tx, id, round, pairs)
    await noteRevision(tx, id, {
      ...{ action: 'plan', planStatus: status },
      ...{ cost: inPoints(cost, round.unit), lowerBound: inPoints(lowerBound, round.unit) },
    })
    await tx.run(sql`update assignments.assignments set engine_version = ${engineVersion} where id = ${id}`)
    if (last >= today) await publishRound(app, tx, id, { timeZone, anyway: true, ifMatch: undefined })
    // Nobody is told of what is long over.
    else
      await tx.run(sql`
        update assignments.assignments
        set published_at = ${shifted(first, -4)}::date, status = 'completed'
        where id = ${id}
      `)
    return undefined
  }
}
