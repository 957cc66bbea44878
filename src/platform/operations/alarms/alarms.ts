import { type Static, Type } from 'typebox'
import { type App, mainApp } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { severities } from '#platform/checks.ts'
import { json, type Queryable, type Scope, sql } from '#platform/database'
import { nullable, oneOf, timestamp, uuid } from '#platform/http'
import { listOperatorIds } from '#platform/identity'
import { enqueue, type Job } from '#platform/jobs'
import { notify } from '#platform/notifications'
import { examine, failedCheck } from '../doctor/examinations.ts'
import { errors } from '../errors.ts'
import { sendAlarm } from './messages.ts'

export const Alarm = Type.Object({
  id: uuid,
  code: Type.String({ description: 'The check that has found it' }),
  object: Type.String({ description: 'What it is about' }),
  severity: oneOf(severities),
  message: Type.String(),
  advice: Type.String(),
  openedAt: timestamp,
  lastSeenAt: timestamp,
  acknowledgedAt: nullable(timestamp),
  closedAt: nullable(timestamp),
})
export type Alarm = Static<typeof Alarm>

export const alarmColumns = sql`
  id, code, object, severity, message, advice, opened_at, last_seen_at, acknowledged_at, closed_at`

/** What comes and goes does not tell people each time: an alarm is over when it was not seen for so long, minutes. */
const restMinutes = 30

/** Days for which those that are over are kept. */
const keptDays = 400

/** Each five minutes: looks at what cannot wait, and tells of what is new and of what is over. */
export const lookForAlarms: Job = {
  name: 'operations.look-for-alarms',
  description: 'GG-23: looks at what cannot wait for somebody to look, and tells the operators',
  cron: '*/5 * * * *',
  retryLimit: 0,
  async run(_data, app) {
    await updateAlarms(app)
  },
}

/** Returns what was opened and what was closed. */
export async function updateAlarms(given: App): Promise<{ opened: Alarm[]; closed: Alarm[] }> {
  const app = mainApp(given)
  const findings = (await examine(app, { alarmsOnly: true })).filter(({ severity }) => severity !== 'info')
  const blind = findings.filter(({ object }) => object === failedCheck).map(({ code }) => code)
  const seen = findings
    .filter(({ object }) => object !== failedCheck)
    .map(({ database, object, ...rest }) => ({
      ...rest,
      object: database === null ? object : `${object} in ${database}`,
    }))
  return await app.db.transaction({ system: true }, async tx => {
    const opened = await tx.run(sql<Alarm & { isNew: boolean }>`
      insert into operations.alarms (code, object, severity, message, advice)
      select distinct on (code, object) code, object, severity, message, advice
      from jsonb_to_recordset(${json(seen)}) as seen (code text, object text, severity text, message text, advice text)
      on conflict (code, object) where closed_at is null do update
      set last_seen_at = now(), severity = excluded.severity, message = excluded.message, advice = excluded.advice
      returning ${alarmColumns}, opened_at = now() as is_new`)
    // Of a check that could not look nothing is known: its alarms stay.
    const closed = await tx.run(sql<Alarm>`
      update operations.alarms
      set closed_at = now()
      where closed_at is null
        and last_seen_at < now() - ${restMinutes} * interval '1 minute'
        and not code = any(${blind})
      returning ${alarmColumns}`)
    await tx.run(sql`
      delete from operations.alarms
      where closed_at < now() - ${keptDays} * interval '1 day'`)
    const news = opened.filter(({ isNew }) => isNew).map(({ isNew: _, ...alarm }) => alarm)
    for (const alarm of news) await tell(app, tx, alarm, 'operations.alarm_opened')
    for (const alarm of closed) await tell(app, tx, alarm, 'operations.alarm_closed')
    return { opened: news, closed }
  })
}

async function tell(
  app: App,
  tx: Queryable,
  alarm: Alarm,
  kind: 'operations.alarm_opened' | 'operations.alarm_closed',
): Promise<void> {
  const isOver = kind === 'operations.alarm_closed'
  await notify(app, tx, {
    userIds: await listOperatorIds(tx),
    tenantId: null,
    kind,
    title: `${isOver ? 'Over: ' : alarm.severity === 'critical' ? 'Critical: ' : ''}${alarm.message}`,
    message: isOver ? 'It was not seen for half an hour.' : alarm.advice,
    link: '/operations',
    data: { alarmId: alarm.id, code: alarm.code },
  })
  if (app.config.alarmUrl) await enqueue(tx, sendAlarm, { alarmId: alarm.id, type: kind.replace('_', '.') })
}

/** The open ones first, the most severe of them first; then those that are over, the last first. */
export async function listAlarms(own: Queryable, limit = 100): Promise<Alarm[]> {
  return await own.run(sql<Alarm>`
    select ${alarmColumns}
    from operations.alarms
    order by closed_at is not null, array_position(${severities}::text[], severity), coalesce(closed_at, opened_at) desc, id
    limit ${limit}`)
}

/** Somebody looks after it: it stays open, and asks for nobody any more. Refuses one that is over. */
export async function acknowledgeAlarm(app: App, scope: Scope, id: string): Promise<Alarm> {
  return await app.db.transaction({ ...scope, tenantId: undefined, system: true }, async tx => {
    const found = await tx.maybe(sql<Alarm>`
      update operations.alarms
      set acknowledged_at = coalesce(acknowledged_at, now()), acknowledged_by = coalesce(acknowledged_by, ${scope.userId ?? null})
      where id = ${id}
        and closed_at is null
      returning ${alarmColumns}`)
    if (found) {
      await recordEvent(tx, { action: 'acknowledge', resource: 'operations.alarms', resourceId: id })
      return found
    }
    const known = await tx.maybe(sql<{ id: string }>`select id from operations.alarms where id = ${id}`)
    throw known ? errors.alarmClosed() : errors.alarmNotFound({ id })
  })
}
