import { type Reader, type Scope, sql } from '#platform/database'
import { findTimezone } from '#platform/identity'
import { wallTimeAt } from '#platform/local-times.ts'
import { inCatalogue } from './catalogue.ts'

/** The day by which the catalogue counts, the same for all who look at it: whether an award is active is kept with its contractor. */
export const catalogueDay = sql`(now() at time zone 'UTC')::date`

type Asked = {
  db: { scoped(scope: Scope): Reader }
  clock: { now(): Date }
}

/** The day it is for who asks, as YYYY-MM-DD: in the zone of his profile; for a program, which has none, in UTC. */
export async function todayFor(app: Asked, scope: Scope): Promise<string> {
  const { userId } = scope
  const zone = userId && (await findTimezone(app.db.scoped({ ...inCatalogue(scope), system: true }), userId))
  return dayIn(zone ?? 'UTC', app.clock.now())
}

function dayIn(zone: string, now: Date): string {
  return wallTimeAt(now, zone).toISOString().slice(0, 10)
}
