import { type Static, Type } from 'typebox'
import { type Database, type Queryable, type Statements, sql } from '#platform/database'
import { nullable, timestamp, uuid } from '#platform/http'
import type { Signer } from './checkpoints.ts'
import { erasureAction, signErasure } from './erasure-records.ts'
import { recordEvent } from './events.ts'
import { sealEntries } from './sealing.ts'

/** Entries of one transaction: nobody waits for long, and what is interrupted has lost little. */
const portion = 500

export type SubjectErasureOptions = {
  /** One database; with each of them it is called once, with the main one last: the addresses are known from there. */
  db: Database
  signer: Signer
  now: Date
  userId: string
  /** E-mail addresses that are known from elsewhere; those in this log are found. */
  addresses?: readonly string[]
  onProgress?: (done: number, of: number) => void
}

/** What the log has of a person, and whose entries they are. */
export type SubjectCount = { entries: number; tenantIds: string[] }

export type SubjectErasure = SubjectCount & {
  /** Parts that went, by kind: who did it from where, values of personal columns, text that was sealed as a whole. */
  parts: Record<'person' | 'values' | 'content', number>
}

type Found = { tenantId: string; createdAt: string; id: string; isSource: boolean }

/** The e-mail addresses that this log knows of a person: for the other databases. */
export async function findSubjectAddresses(db: Database, userId: string): Promise<string[]> {
  const rows = await db.unscoped.run(sql<{ address: string }>`select audit.find_addresses(${userId}) as address`)
  return rows.map(({ address }) => address).sort()
}

/** What an erasure would take from this database; changes nothing. */
export async function countSubject(
  options: Pick<SubjectErasureOptions, 'db' | 'userId' | 'addresses'>,
): Promise<SubjectCount> {
  const found = await findEntries(options)
  return countOf(found)
}

/**
 * Takes what is personal of somebody out of the log of one database: who did it from where, values that tell of him, his
 * addresses. The leaf of each entry stays what it was, and each portion has a signed record. Whoever asks has been allowed
 * to by `identity.begin_log_erasure`. Can be ended anywhere and called again.
 */
export async function eraseSubject(options: SubjectErasureOptions): Promise<SubjectErasure> {
  const { db, userId, onProgress } = options
  // What is not sealed has no leaf yet that could stay.
  await sealEntries(db)
  const addresses = await addressesOf(options)
  const found = await findEntries({ ...options, addresses })
  const portions = portionsOf(found)
  const parts: SubjectErasure['parts'] = { person: 0, values: 0, content: 0 }
  let done = 0
  for (const entries of portions) {
    for (const part of await erasePortion(options, addresses, entries)) parts[part]++
    done += entries.length
    onProgress?.(done, found.length)
  }
  await db.scoped({ system: true }).run(sql`
    update audit.erased_subjects
    set finished_at = now(), entries = entries + ${found.length}
    where user_id = ${userId}`)
  return { ...countOf(found), parts }
}

const countOf = (found: readonly Found[]): SubjectCount => ({
  entries: found.length,
  tenantIds: [...new Set(found.map(({ tenantId }) => tenantId))].sort(),
})

/** Of these people those whose part of the log of this database is not erased, or not whole; for the system scope. */
export async function listUnerased(tx: Queryable, userIds: readonly string[]): Promise<string[]> {
  const rows = await tx.run(sql<{ id: string }>`
    select person.id
    from unnest(${userIds}::uuid[]) with ordinality as person (id, place)
    left join audit.erased_subjects as subject on subject.user_id = person.id
    where subject.finished_at is null
    order by person.place`)
  return rows.map(({ id }) => id)
}

/** An erasure from the log of this database. */
export const ListedErasure = Type.Object({
  userId: uuid,
  askedAt: timestamp,
  finishedAt: nullable(timestamp),
  entries: Type.Integer({ description: 'That had something personal' }),
})
export type ListedErasure = Static<typeof ListedErasure>

/** The latest first; for the system scope. */
export async function listErasures(tx: Queryable, limit: number): Promise<ListedErasure[]> {
  return await tx.run(sql<ListedErasure>`
    select user_id, asked_at, finished_at, entries
    from audit.erased_subjects
    order by asked_at desc, user_id
    limit ${limit}`)
}

/** Whose part of the log of this database was erased at that moment or later, or is being erased; for the system scope. */
export async function listErasedFromLog(tx: Statements, moment: string): Promise<Set<string>> {
  const rows = await tx.run(sql<{ id: string }>`
    select user_id as id
    from audit.erased_subjects
    where coalesce(finished_at, now()) >= ${moment}::timestamptz`)
  return new Set(rows.map(({ id }) => id))
}

async function addressesOf({ db, userId, addresses = [] }: Pick<SubjectErasureOptions, 'db' | 'userId' | 'addresses'>) {
  return [...new Set([...addresses.map(it => it.toLowerCase()), ...(await findSubjectAddresses(db, userId))])].sort()
}

/** Month by month, so that no statement takes long. Those that the addresses are known from come last. */
async function findEntries(options: Pick<SubjectErasureOptions, 'db' | 'userId' | 'addresses'>): Promise<Found[]> {
  const { db, userId } = options
  const addresses = await addressesOf(options)
  const months = await db.unscoped.run(sql<{ since: Date; until: Date }>`
    select since, until
    from audit.subject_months()`)
  const found: Found[] = []
  for (const { since, until } of months) {
    const entries = await db.unscoped.run(sql<Found>`
      select tenant_id, created_at, id, is_source
      from audit.find_subject(${userId}, ${addresses}, ${since}, ${until})`)
    for (const entry of entries) found.push(entry)
  }
  return found
}

function portionsOf(found: readonly Found[]): Found[][] {
  const portions: Found[][] = []
  for (const isSource of [false, true]) {
    const tenants = Map.groupBy(
      found.filter(entry => entry.isSource === isSource),
      ({ tenantId }) => tenantId,
    )
    for (const entries of tenants.values()) {
      for (let at = 0; at < entries.length; at += portion) portions.push(entries.slice(at, at + portion))
    }
  }
  return portions
}

/** With its record in one transaction: nothing is marked as erased that no record names. */
async function erasePortion(
  { db, signer, now, userId }: SubjectErasureOptions,
  addresses: readonly string[],
  entries: readonly Found[],
): Promise<('person' | 'values' | 'content')[]> {
  const { tenantId } = entries[0] as Found
  const erasure = crypto.randomUUID()
  return await db.transaction({ tenantId, system: true }, async (tx: Queryable) => {
    const items = await tx.run(sql<{ id: string; part: 'person' | 'values' | 'content'; item: Buffer }>`
      select id, part, item
      from audit.erase_entries(
        ${userId},
        ${addresses},
        ${tenantId},
        ${entries.map(({ createdAt }) => createdAt)}::timestamptz[],
        ${entries.map(({ id }) => id)}::uuid[],
        ${erasure}
      )`)
    if (items.length === 0) return []
    const record = { erasure, tenantId, userId, at: now.toISOString() }
    await recordEvent(tx, {
      action: erasureAction,
      resource: 'audit.erased_subjects',
      resourceId: userId,
      details: {
        entries: new Set(items.map(({ id }) => id)).size,
        parts: items.length,
        signed: signErasure(
          signer,
          record,
          items.map(({ item }) => item),
        ),
      },
    })
    return items.map(({ part }) => part)
  })
}
