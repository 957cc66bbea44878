import { type Static, Type } from 'typebox'
import { type App, mainApp } from '#platform/app.ts'
import { createTenantToken, hashToken, tenantOfToken } from '#platform/crypto'
import { type Queryable, type Reader, sql } from '#platform/database'
import { timestamp } from '#platform/http'
import { admitsAddress, findMembership, listStandings } from '#platform/tenancy'
import { errors } from '../errors.ts'
import { getParticipant } from '../participants/participants.ts'
import { timezoneOf } from '../timezones.ts'
import { renderCalendar } from './calendar-text.ts'
import { listFeedEvents } from './feed-events.ts'

/** The calendar of a participant's assignments; its address is told once, when it is made. */
export const CalendarFeed = Type.Object({
  createdAt: timestamp,
  lastReadAt: Type.Unsafe<Date | null>({
    type: ['string', 'null'],
    format: 'date-time',
    description: 'When a program asked for it last, to the hour',
  }),
})
export type CalendarFeed = Static<typeof CalendarFeed>

/** Null where there is none. */
export async function findFeed(tx: Reader, participantId: string): Promise<CalendarFeed | null> {
  await getParticipant(tx, participantId)
  const feed = await tx.maybe<CalendarFeed>(sql`
    select created_at, last_read_at
    from assignments.calendar_feeds
    where participant_id = ${participantId}
  `)
  return feed ?? null
}

/** Makes an address, in the place of the one before it, and answers it this once. */
export async function renewFeed(app: App, tx: Queryable, participantId: string): Promise<{ address: string }> {
  await getParticipant(tx, participantId)
  const token = createTenantToken(tx.scope.tenantId as string)
  await tx.run(sql`
    insert into assignments.calendar_feeds (participant_id, token_hash)
    values (${participantId}, ${hashToken(token)})
    on conflict on constraint calendar_feeds_one_per_participant do update
    set token_hash = excluded.token_hash, created_at = now(), last_read_at = null
  `)
  return { address: `${app.publicUrl}/api/v1/calendar/${token}.ics` }
}

/** From then on the address is unknown; where there was none nothing changes. */
export async function removeFeed(tx: Queryable, participantId: string): Promise<void> {
  await getParticipant(tx, participantId)
  await tx.run(sql`
    delete from assignments.calendar_feeds
    where participant_id = ${participantId}
  `)
}

/**
 * The calendar of an address, `TOKEN.ics`, for whoever has it. What never was, was taken back, is of somebody who is not active or no
 * member any more, of a workspace that is closed, or comes from where its members may not come from, is refused alike.
 */
export async function readCalendar(app: App, file: string, ipAddress: string | undefined): Promise<string> {
  const token = /^(.+)\.ics$/.exec(file)?.[1] ?? ''
  const tenantId = tenantOfToken(token)
  if (tenantId === undefined) throw errors.calendarNotFound()
  const tx = app.db.scoped({ tenantId })
  type Found = { id: string; participantId: string; userId: string | null; name: string; isNoted: boolean }
  const found = await tx.maybe<Found>(sql`
    select
      feed.id, feed.participant_id, participant.user_id, domain.display_name as name,
      coalesce(feed.last_read_at > now() - interval '1 hour', false) as is_noted
    from assignments.calendar_feeds as feed
    join assignments.participants as participant
      on participant.tenant_id = feed.tenant_id and participant.id = feed.participant_id
    join assignments.domains as domain
      on domain.tenant_id = participant.tenant_id and domain.id = participant.domain_id
    where feed.token_hash = ${hashToken(token)}
      and participant.is_active
  `)
  if (!found || !(await isOpen(app, tenantId, ipAddress)) || !(await isMember(app, tenantId, found.userId)))
    throw errors.calendarNotFound()
  if (!found.isNoted)
    await tx.run(sql`
      update assignments.calendar_feeds
      set last_read_at = now()
      where id = ${found.id}
    `)
  const timeZone = await timezoneOf(app, { tenantId })
  const events = await listFeedEvents(tx, found.participantId, { timeZone, publicUrl: app.publicUrl })
  return renderCalendar({ name: found.name, timeZone }, events)
}

async function isOpen(app: App, tenantId: string, ipAddress: string | undefined): Promise<boolean> {
  const main = mainApp(app)
  const standing = (await listStandings(main, [tenantId])).get(tenantId)
  return standing === 'active' && (await admitsAddress(main.db.reads({ tenantId }), ipAddress))
}

/** Whoever has no account was let in by those who plan; who has one goes with his membership. */
async function isMember(app: App, tenantId: string, userId: string | null): Promise<boolean> {
  if (userId === null) return true
  const membership = await findMembership(mainApp(app).db.scoped({ tenantId }), userId)
  return membership !== undefined && (membership.expiresAt === null || membership.expiresAt > app.clock.now())
}
