import type { App } from '#platform/app.ts'
import { sql } from '#platform/database'
import type { Job } from '#platform/jobs'
import { openContent } from './contents.ts'
import { errors } from './errors.ts'
import { hasSmtp } from './settings.ts'
import { type Outcome, sendBySmtp } from './smtp.ts'

const system = { system: true }

/** Hands one mail to the mail server. Tried for a day: 60 pauses of 5 s to 1 h last at least that long. */
export const deliverMail: Job<{ messageId: string }> = {
  name: 'mail.deliver',
  description: 'Delivers a mail: for a day, if the server is away',
  retryLimit: 60,
  async run({ messageId }, app) {
    if (!hasSmtp(app)) return await keepMessage(app, messageId)
    const message = await beginAttempt(app, messageId)
    // Erased with its user, or delivered by the worker that was believed dead.
    if (!message) return
    const { kind, answer } = await attempt(app, message)
    const about = { mail: message.name, messageId, attempts: message.attempts }
    if (kind === 'taken') {
      await endMessage(app, messageId, 'sent', null)
      app.log.info(about, 'mail delivered')
    } else if (kind === 'refused' || message.isOld) {
      await endMessage(app, messageId, 'failed', answer)
      app.log.warn({ ...about, reason: answer }, kind === 'refused' ? 'mail refused' : 'mail given up after a day')
    } else {
      await noteFailure(app, messageId, answer)
      throw errors.notDelivered({ messageId, reason: answer })
    }
  },
}

type Attempt = {
  id: string
  name: string
  recipient: string
  content: string
  createdAt: Date
  attempts: number
  isOld: boolean
}

/** Counted before it is made, so that an attempt that kills its worker counts too. */
async function beginAttempt(app: App, messageId: string): Promise<Attempt | undefined> {
  return await app.db.scoped(system).maybe(sql<Attempt>`
    update mail.messages
    set
      attempts = attempts + 1,
      last_attempt_at = now()
    where id = ${messageId}
      and status = 'queued'
    returning
      id,
      name,
      recipient,
      content,
      created_at,
      attempts,
      created_at < now() - interval '1 day' as is_old`)
}

async function attempt(app: App, message: Attempt): Promise<Pick<Outcome, 'kind' | 'answer'>> {
  try {
    return await sendBySmtp(app, { ...message, content: openContent(app, message) })
  } catch (error) {
    return { kind: 'failed', answer: error instanceof Error ? error.message : String(error) }
  }
}

/** With its content goes the last copy of its links. */
async function endMessage(app: App, messageId: string, status: 'sent' | 'failed', answer: string | null) {
  await app.db.scoped(system).run(sql`
    update mail.messages
    set
      status = ${status},
      content = null,
      last_error = ${answer},
      sent_at = case when ${status} = 'sent' then now() end
    where id = ${messageId}
      and status = 'queued'`)
}

async function noteFailure(app: App, messageId: string, answer: string) {
  await app.db.scoped(system).run(sql`
    update mail.messages
    set last_error = ${answer}
    where id = ${messageId}
      and status = 'queued'`)
}

/** SMTP_URL was taken away since it was queued. */
async function keepMessage(app: App, messageId: string) {
  await app.db.scoped(system).run(sql`
    update mail.messages
    set status = 'kept'
    where id = ${messageId}
      and status = 'queued'`)
}
