import { Webhook } from 'standardwebhooks'
import { sql } from '#platform/database'
import { fetchPublic } from '#platform/http'
import type { Job } from '#platform/jobs'
import { errors } from '../errors.ts'

/** GG-23: tells a server of the operators' own choice, signed as webhooks are (Standard Webhooks). */
export const sendAlarm: Job<{ alarmId: string; type: string }> = {
  name: 'operations.send-alarm',
  description: 'Sends an alarm to COMMONHOLD_ALARM_URL',
  // With growing pauses: about two hours.
  retryLimit: 11,
  async run({ alarmId, type }, app) {
    const { alarmUrl, alarmSecret } = app.config
    if (typeof alarmUrl !== 'string' || typeof alarmSecret !== 'string') return
    const alarm = await app.db.scoped({ system: true }).maybe(sql<Record<string, unknown>>`
      select id, code, object, severity, message, advice, opened_at, closed_at
      from operations.alarms
      where id = ${alarmId}`)
    if (!alarm) return
    const now = app.clock.now()
    const body = JSON.stringify({ type, timestamp: now, data: { ...alarm, installation: app.publicUrl } })
    const id = `alarm_${alarmId}_${type.endsWith('closed') ? 'closed' : 'opened'}`
    const answer = await fetchPublic(app, alarmUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(alarmSecret).sign(id, now, body),
      },
      body,
    })
    if (answer.status >= 300) throw errors.alarmNotTaken({ status: answer.status })
  },
}
