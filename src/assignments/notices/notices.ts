import { type App, mainApp } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { enqueue, type Job } from '#platform/jobs'
import { wallTimeAt } from '#platform/local-times.ts'
import { sendMail, withoutLinks } from '#platform/mail'
import { notify } from '#platform/notifications'
import { getBrand } from '#platform/tenancy'
import { timezoneOf } from '../timezones.ts'
import { assignmentMail } from './assignment-mails.ts'
import { sentencesOf } from './sentences.ts'
import { findToldRound, noteTellings, type Telling, type ToldRound } from './tellings.ts'

/** Later changes are told after so many seconds: who moves ten people one after the other sends nobody ten notices. */
const changesSettle = 60

/**
 * Has the people of a published round told what each of them does not know yet, if `tx` commits: at once when it was published
 * now, later when somebody was told of it before. Of a draft nobody is told anything.
 */
export async function tellParticipants(tx: Queryable, assignmentId: string): Promise<void> {
  const { tenantId, userId, userName } = tx.scope
  if (tenantId === undefined) throw new Error('A round is told in its tenant’s scope')
  const { isTold } = await tx.one<{ isTold: boolean }>(sql`
    select exists (select from assignments.told_participants where assignment_id = ${assignmentId}) as is_told
  `)
  const work = { tenantId, assignmentId, ...(userId && { userId }), ...(userName && { userName }) }
  await enqueue(tx, tellRound, work, isTold ? { startAfter: changesSettle } : {})
}

type Work = { tenantId: string; assignmentId: string; userId?: string; userName?: string }

/** All of a round or nothing; done again it tells nobody anything. */
export const tellRound: Job<Work> = {
  name: 'assignments.tell-round',
  description: 'VS-08: tells the people of a published round what they are on, and what has changed',
  async run({ tenantId, assignmentId, ...actor }, app) {
    const place = await placeOf(app, tenantId)
    await app.db.transaction({ tenantId, ...actor, system: true }, async tx => {
      const round = await findToldRound(tx, assignmentId)
      if (round) await tellAll(app, tx, round, place)
    })
  },
}

/**
 * Before a published round is deleted: whoever was told that he is on something is told that he is not, if `tx` commits, unless
 * it was completed or is over. `tx` is a transaction in the system scope of its tenant.
 */
export async function tellRemoval(app: App, tx: Queryable, assignmentId: string): Promise<void> {
  const place = await placeOf(app, tx.scope.tenantId as string)
  const today = wallTimeAt(app.clock.now(), place.timeZone).toISOString().slice(0, 10)
  const round = await findToldRound(tx, assignmentId)
  if (!round || round.status === 'completed' || round.endsOn < today) return
  await tellAll(app, tx, { ...round, status: 'cancelled' }, place)
}

type TellingPlace = { timeZone: string; tenantName: string }

async function placeOf(app: App, tenantId: string): Promise<TellingPlace> {
  const timeZone = await timezoneOf(app, { tenantId })
  const { name: tenantName } = await getBrand(mainApp(app).db.reads({ tenantId, system: true }), tenantId)
  return { timeZone, tenantName }
}

async function tellAll(app: App, tx: Queryable, round: ToldRound, { timeZone, tenantName }: TellingPlace) {
  const mailsOthers = round.configuration.notices?.mail_without_account ?? false
  for (const telling of await noteTellings(tx, round, timeZone)) {
    if (telling.userId !== null) await notifyOne(app, tx, round, { ...telling, userId: telling.userId })
    else if (mailsOthers && telling.email !== null)
      await mailOne(app, tx, round, { ...telling, email: telling.email }, tenantName)
  }
}

async function notifyOne(app: App, tx: Queryable, round: ToldRound, telling: Telling & { userId: string }) {
  const { title, lines } = sentencesOf(round, telling)
  await notify(app, tx, {
    userId: telling.userId,
    kind: telling.kind === 'first' ? 'assignments.assigned' : 'assignments.changed',
    title,
    message: lines.join('\n'),
    // To his own page: whoever is assigned need not be allowed to read whole rounds.
    link: '/my-assignments',
    data: { assignmentId: round.id, participantId: telling.participantId },
  })
}

async function mailOne(
  app: App,
  tx: Queryable,
  round: ToldRound,
  telling: Telling & { email: string },
  tenantName: string,
) {
  const { title, lines } = sentencesOf(round, telling)
  const values = {
    title: withoutLinks(title),
    lines: lines.map(withoutLinks),
    tenantName,
    domainName: round.domainName,
  }
  try {
    await sendMail(app, tx, { to: telling.email, mail: assignmentMail, values })
  } catch (error) {
    // Typed in by somebody: one that is no address keeps nobody else from being told.
    if (!(error instanceof DomainError && error.code === 'mail.address_invalid')) throw error
    app.log.warn({ participantId: telling.participantId }, 'a participant cannot be mailed, his address is none')
  }
}
