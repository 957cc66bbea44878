import pg from 'pg'
import type { App } from '#platform/app.ts'
import {
  countSubject,
  eraseSubject,
  findSubjectAddresses,
  listUnerased,
  openErasedSubjectsFile,
  type SubjectCount,
  type SubjectErasure,
} from '#platform/audit'
import { type Database, type Queryable, sql, uuidPattern } from '#platform/database'
import type { SubjectEntries, SubjectLog } from '#platform/module.ts'
import { documentKeys, listKeyChanges, openDocumentSigner } from './document-signatures.ts'
import { normaliseEmail } from './emails.ts'
import { errors } from './errors.ts'
import type { UserStatus } from './user-statuses.ts'

export type LogCount = { userId: string; databases: number; entries: number; tenants: number }

/** What became of one person's part of the audit logs, of all databases together. */
export type LogErasure = LogCount & Pick<SubjectErasure, 'parts'>

/**
 * PE-07: takes what is personal of an account that is no more out of the audit logs, of the main database and of those that
 * tenants have. The proofs of the log stay. Can be ended anywhere and called again. Refuses with `identity.account_exists`,
 * and with `identity.subject_held` while a legal hold stands on the person or a tenant whose entries they are.
 */
export async function eraseLogOf(
  app: App,
  userId: string,
  onProgress?: (done: number, of: number) => void,
): Promise<LogErasure> {
  const signer = await openDocumentSigner(app)
  const now = app.clock.now()
  const addresses = await findSubjectAddresses(app.db, userId)
  await requireNoHold(app, userId, addresses)
  await app.db.scoped({ system: true }).run(sql`select identity.begin_log_erasure(${userId})`)
  // Before anything goes: a restored database is told by it what it does not know any more.
  await (await openErasedSubjectsFile(app))?.append(userId, signer, now)
  const parts = { person: 0, values: 0, content: 0 }
  // Before the main log, by which the addresses are known.
  const beside = await inLogsBeside(app, log => log.erase(app.db, { userId, addresses }))
  const counts = await inEachLog(app, async db => {
    if (db !== app.db) await db.scoped({ system: true }).run(sql`select identity.begin_log_erasure(${userId})`)
    const erased = await eraseSubject({ db, signer, now, userId, addresses, ...(onProgress && { onProgress }) })
    for (const part of ['person', 'values', 'content'] as const) parts[part] += erased.parts[part]
    return erased
  })
  return { ...sumOf(userId, counts, beside), parts }
}

/** What `eraseLogOf` would take; changes nothing. Refuses with `identity.subject_held` as it does. */
export async function countLogOf(app: App, userId: string): Promise<LogCount> {
  return await requireNoHold(app, userId, await findSubjectAddresses(app.db, userId))
}

/** Before anything goes from any database: holds stand in the main one. */
async function requireNoHold(app: App, userId: string, addresses: readonly string[]): Promise<LogCount> {
  const counts = await inEachLog(app, db => countSubject({ db, userId, addresses }))
  const beside = await inLogsBeside(app, log => log.count(app.db, { userId, addresses }))
  const tenants = tenantsOf(counts, beside)
  const [hold] = await app.db.scoped({ system: true }).run(sql<{ held: string; reason: string }>`
    select held, reason
    from (
      select 'the person' as held, platform.find_hold(null, ${userId}) as reason
      union all
      select 'the tenant ' || tenant_id, platform.find_hold(tenant_id, null)
      from unnest(${tenants}::uuid[]) as tenant_id
    ) as holds
    where reason is not null
    limit 1`)
  if (hold) throw errors.subjectHeld(hold)
  return sumOf(userId, counts, beside)
}

const sumOf = (userId: string, counts: readonly SubjectCount[], beside: readonly SubjectEntries[]): LogCount => ({
  userId,
  databases: counts.length,
  entries: [...counts, ...beside].reduce((sum, { entries }) => sum + entries, 0),
  tenants: tenantsOf(counts, beside).length,
})

const tenantsOf = (counts: readonly SubjectCount[], beside: readonly SubjectEntries[]): string[] => [
  ...new Set([...counts.flatMap(({ tenantIds }) => tenantIds), ...beside.map(({ tenantId }) => tenantId)]),
]

/** What modules keep of logs beside the audit log, in the main database. */
async function inLogsBeside(
  { modules }: App,
  work: (log: SubjectLog) => Promise<SubjectEntries[]>,
): Promise<SubjectEntries[]> {
  const entries: SubjectEntries[] = []
  for (const log of modules.flatMap(({ subjectLogs }) => subjectLogs ?? [])) entries.push(...(await work(log)))
  return entries
}

/** The main one last: the addresses of a person are known from its log. */
async function inEachLog<T>(app: App, work: (db: Database) => Promise<T>): Promise<T[]> {
  const { placed, placements } = app
  const results: T[] = []
  if (placed && placements) {
    for (const { id } of await placements.list()) {
      // The copy of the account goes first, and what its log says of that.
      await placements.refresh(id)
      results.push(await placed.within(id, work))
    }
  }
  return [...results, await work(app.db)]
}

/** GG-16: the logs of all accounts that are erased and whose part of the log is not. One that fails holds up nobody else. */
export async function eraseLogsOfErased(app: App): Promise<{ erased: number; failed: string[] }> {
  const tx = app.db.scoped({ system: true })
  const accounts = await tx.run(sql<{ id: string }>`select id from identity.erased_users order by erased_at`)
  const due = await listUnerased(
    tx,
    accounts.map(({ id }) => id),
  )
  const failed: string[] = []
  for (const id of due) {
    try {
      await eraseLogOf(app, id)
    } catch (error) {
      app.log.error({ err: error, userId: id }, 'The audit log of an erased account still names the person')
      failed.push(id)
    }
  }
  return { erased: due.length - failed.length, failed }
}

/**
 * After a restore to an earlier time the database does not know who was erased since: who stands in the file beside the
 * checkpoints is erased again, with an account that came back. For the start of the program. Returns how many.
 */
export async function repeatErasures(app: App): Promise<number> {
  const file = await openErasedSubjectsFile(app)
  const known = file ? await file.read(await documentKeys(app), await listKeyChanges(app)) : []
  if (known.length === 0) return 0
  const tx = app.db.scoped({ system: true })
  const back = await tx.run(sql<{ id: string }>`select id from identity.users where id = any (${known}::uuid[])`)
  const accounts = new Set(back.map(({ id }) => id))
  const due = [...new Set([...accounts, ...(await listUnerased(tx, known))])]
  for (const id of due) {
    app.log.warn({ userId: id }, 'A person who was erased is in the database again: it was restored. Erasing again')
    if (accounts.has(id)) await eraseAccountAtOnce(app, id)
    await eraseLogOf(app, id)
  }
  return due.length
}

/** Who may be erased: an account, or one that was erased and is known by its id alone. */
export type Subject = { id: string; status: UserStatus | 'erased'; email: string | null }

/** By id or e-mail address. Refuses with `identity.subject_unknown`. */
export async function findSubject(tx: Queryable, user: string): Promise<Subject> {
  const isId = uuidPattern.test(user)
  const [found] = await tx.run(sql<Subject>`
    select id, status, email
    from identity.users
    where ${isId ? sql`id = ${user}` : sql`email = ${normaliseEmail(user)}`}
    union all
    select id, 'erased', null
    from identity.erased_users
    where ${isId ? sql`id = ${user}` : sql`false`}
    limit 1`)
  if (!found) throw errors.subjectUnknown({ user })
  return found
}

/** Without the 90 days. The program itself may not: needs the way in as the administrator. */
export async function eraseAccountAtOnce(app: App, userId: string): Promise<void> {
  if (!app.administration) throw errors.noAdministrator()
  const client = new pg.Client(app.administration.admin)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('begin; set local role commonhold_owner; set local search_path = pg_catalog')
    await client.query('select identity.erase_user_at_once($1)', [userId])
    await client.query('commit')
  } finally {
    await client.end().catch(() => {})
  }
}
