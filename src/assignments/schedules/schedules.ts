import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { json, onViolation, type Queryable, type Reader, type Scope, sql } from '#platform/database'
import { cutPage, date, type IfMatch, nullable, oneOf, readCursor, requireMatch, timestamp, uuid } from '#platform/http'
import { wallTimeAt } from '#platform/local-times.ts'
import { Configuration } from '../domains/configurations.ts'
import { getDomain } from '../domains/domains.ts'
import { strategies } from '../engine/strategies/strategies.ts'
import { errors } from '../errors.ts'
import { timezoneOf } from '../timezones.ts'
import { nextTurn } from './turns.ts'

/** What is said of a schedule by who makes it. */
export const ScheduleFields = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S', examples: ['Weekly chores'] }),
  every: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, description: 'So many units; 1 unless told' })),
  unit: Type.Optional(
    oneOf(['day', 'week', 'month'], {
      description: 'week unless told; a month without the day of the first round has its last day',
    }),
  ),
  periodDays: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 366, description: 'Days of each round; 7 unless told' }),
  ),
  startsOn: {
    ...date,
    pattern: '^(19[7-9][0-9]|2[0-9]{3})-',
    description: 'The first day of the first round, from 1970 to 2999',
  },
  endsOn: Type.Optional(nullable({ ...date, description: 'No round begins later' })),
  leadDays: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 366,
      description: 'So many days before it begins a round is planned; 7 unless told',
    }),
  ),
  publishes: Type.Optional(
    Type.Boolean({ description: 'What is planned is published at once; else it waits for somebody to look at it' }),
  ),
  strategy: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9_]{0,99}$', description: 'optimal unless told' })),
  configuration: Type.Optional({ ...Configuration, description: 'Of its rounds, beside what the domain says' }),
  isActive: Type.Optional(Type.Boolean()),
})
export type ScheduleFields = Static<typeof ScheduleFields>

export const ScheduleChanges = Type.Partial(ScheduleFields)
export type ScheduleChanges = Static<typeof ScheduleChanges>

/** Rounds that come again, planned ahead. */
export const Schedule = Type.Object({
  id: uuid,
  domainId: uuid,
  ...Type.Required(ScheduleFields).properties,
  nextOn: nullable({ ...date, description: 'The first day of the round that is planned next; null: there is none' }),
  lastRunAt: nullable(timestamp),
  lastFault: nullable(Type.String({ description: 'Why the last round was not planned, or not published' })),
  createdBy: nullable(uuid),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Schedule = Static<typeof Schedule>

type Page = { limit: number; cursor?: string; domainId?: string }

/** By name. */
export async function listSchedules(tx: Reader, { limit, cursor, domainId }: Page) {
  const order = `assignment-schedules ${domainId}`
  const after = readCursor(cursor, order, place)
  const rows = await tx.run<Schedule>(sql`
    select ${scheduleColumns}
    from assignments.schedules
    where ${domainId === undefined ? sql`true` : sql`domain_id = ${domainId}`}
      and ${after ? sql`name >= ${after[0]} and (name > ${after[0]} or id > ${after[1]})` : sql`true`}
    order by name, id
    limit ${limit + 1}
  `)
  return cutPage(rows, limit, order, schedule => [schedule.name, schedule.id])
}

export async function getSchedule(tx: Reader, id: string): Promise<Schedule> {
  const schedule = await tx.maybe<Schedule>(sql`select ${scheduleColumns} from assignments.schedules where id = ${id}`)
  if (!schedule) throw errors.scheduleNotFound({ id })
  return schedule
}

/** `tx` is a transaction, `today` the day that it is for the tenant. */
export async function createSchedule(
  tx: Queryable,
  domainId: string,
  fields: ScheduleFields,
  today: string,
): Promise<Schedule> {
  await getDomain(tx, domainId)
  const given = { ...plain, ...fields }
  check(given)
  const { startsOn: nextOn } = nextTurn(given, { after: null, today })
  const { id } = await refusingTaken(
    tx.one<{ id: string }>(sql`
      insert into assignments.schedules (
        domain_id, name, every, unit, period_days, starts_on, ends_on, next_on, lead_days, publishes, strategy,
        configuration, is_active
      )
      values (
        ${domainId}, ${given.name.trim()}, ${given.every}, ${given.unit}, ${given.periodDays}, ${given.startsOn},
        ${given.endsOn}, ${nextOn}, ${given.leadDays}, ${given.publishes}, ${given.strategy},
        ${json(given.configuration)}, ${given.isActive}
      )
      returning id
    `),
  )
  return await getSchedule(tx, id)
}

/** Changes the given fields alone. The next round is the first that was not made yet and is not over. `tx` is a transaction. */
export async function updateSchedule(
  tx: Queryable,
  id: string,
  changes: ScheduleChanges,
  { today, ifMatch }: { today: string; ifMatch?: IfMatch },
): Promise<Schedule> {
  const schedule = await lockSchedule(tx, id)
  requireMatch(ifMatch, schedule)
  const next = { ...schedule, ...changes }
  check(next)
  const { startsOn: nextOn } = nextTurn(next, { after: await lastMade(tx, id), today })
  await refusingTaken(
    tx.run(sql`
      update assignments.schedules
      set
        name = ${next.name.trim()}, every = ${next.every}, unit = ${next.unit}, period_days = ${next.periodDays},
        starts_on = ${next.startsOn}, ends_on = ${next.endsOn}, next_on = ${nextOn}, lead_days = ${next.leadDays},
        publishes = ${next.publishes}, strategy = ${next.strategy}, configuration = ${json(next.configuration)},
        is_active = ${next.isActive}
      where id = ${id}
    `),
  )
  return await getSchedule(tx, id)
}

/** Its rounds stay. */
export async function deleteSchedule(tx: Queryable, id: string): Promise<void> {
  const deleted = await tx.maybe(sql`delete from assignments.schedules where id = ${id} returning id`)
  if (!deleted) throw errors.scheduleNotFound({ id })
}

/** Locks the row until the transaction ends: of two servers the second finds what the first has done. */
export async function lockSchedule(tx: Queryable, id: string): Promise<Schedule> {
  await tx.run(sql`select id from assignments.schedules where id = ${id} for update`)
  return await getSchedule(tx, id)
}

/** Which day it is for the people of a tenant. */
export async function todayOf(app: App, { tenantId }: Scope): Promise<string> {
  const timeZone = await timezoneOf(app, { tenantId })
  return wallTimeAt(app.clock.now(), timeZone).toISOString().slice(0, 10)
}

/** The first day of the latest round that a schedule has made. */
async function lastMade(tx: Reader, id: string): Promise<string | null> {
  const { startsOn } = await tx.one<{ startsOn: string | null }>(sql`
    select max(starts_on) as starts_on
    from assignments.schedule_rounds
    where schedule_id = ${id}
  `)
  return startsOn
}

const plain: Required<Omit<ScheduleFields, 'name' | 'startsOn'>> = {
  every: 1,
  unit: 'week',
  periodDays: 7,
  endsOn: null,
  leadDays: 7,
  publishes: false,
  strategy: 'optimal',
  configuration: {},
  isActive: true,
}

function check({ startsOn, endsOn, strategy }: Pick<Schedule, 'startsOn' | 'endsOn' | 'strategy'>): void {
  if (endsOn !== null && endsOn < startsOn) throw errors.scheduleOrder()
  const known = strategies.list().map(({ name }) => name)
  if (!known.includes(strategy)) throw errors.strategyUnknown({ strategy, known: known.join(', ') })
}

const refusingTaken = <T>(writing: Promise<T>) =>
  onViolation(writing, { schedules_name_unique: errors.scheduleNameTaken })

const place = Type.Tuple([Type.String(), uuid])

const scheduleColumns = sql`
  id, domain_id, name, every, unit, period_days, starts_on, ends_on, next_on, lead_days, publishes, strategy, configuration,
  is_active, last_run_at, last_fault, created_by, created_at, updated_at
`
