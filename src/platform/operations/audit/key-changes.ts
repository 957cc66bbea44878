import { setTimeout as sleep } from 'node:timers/promises'
import { type App, mainApp } from '#platform/app.ts'
import {
  auditState,
  checkpointFolderOf,
  findLogHead,
  type KeyChange,
  type LogHead,
  makeCheckpointNow,
  recordEvent,
} from '#platform/audit'
import type { Database } from '#platform/database'
import { changeDocumentKey, checkpointSigners } from '#platform/identity'

/** The log of a database, null for the main one, and the checkpoint by which the new key took it over. */
export type Handover = { database: string | null; checkpoint: number | null; failure: string | null }

export type ChangedKey = Omit<KeyChange, 'logs'> & { databases: Handover[] }

type Place = { name: string | null; within<T>(work: (db: Database) => Promise<T>): Promise<T> }

/**
 * PE-07: makes a new key that signs from now on, and hands each log over at once: a checkpoint of the new key, with which the
 * old one has named it. A log that is not reached is handed over with its next checkpoint.
 */
export async function changeSigningKey(given: App, asked: { reason: string; by: string }): Promise<ChangedKey> {
  const app = mainApp(given)
  const places = await listPlaces(app)
  const failures = new Map<Place, string>()
  const logs: LogHead[] = []
  for (const place of places) {
    try {
      const head = await place.within(db => findLogHead(db.unscoped))
      if (head) logs.push(head)
    } catch (error) {
      failures.set(place, (error as Error).message)
    }
  }
  const { logs: _, ...change } = await changeDocumentKey(app, { ...asked, logs })
  const databases: Handover[] = []
  for (const place of places) {
    const { name: database } = place
    const failure = failures.get(place)
    if (failure !== undefined) {
      databases.push({ database, checkpoint: null, failure })
      continue
    }
    try {
      databases.push({ database, checkpoint: await place.within(db => handOver(app, db, change)), failure: null })
    } catch (error) {
      databases.push({ database, checkpoint: null, failure: (error as Error).message })
    }
  }
  return { ...change, databases }
}

async function listPlaces(app: App): Promise<Place[]> {
  const { placed, placements } = app
  const others = placed && placements ? await placements.list() : []
  return [
    { name: null, within: work => work(app.db) },
    ...others.map(
      ({ id, name }): Place => ({ name, within: work => (placed as NonNullable<typeof placed>).within(id, work) }),
    ),
  ]
}

/** The number of the first checkpoint of the new key, whoever makes it. */
async function handOver(app: App, db: Database, { from, to, reason, by }: Omit<KeyChange, 'logs'>): Promise<number> {
  if (db !== app.db) {
    // What happened in the main database is not in this log, and without a new entry there is no checkpoint.
    await recordEvent(db.scoped({ system: true }), {
      action: 'change_signing_key',
      resource: 'identity.signing_keys',
      details: { from, to, reason, by },
    })
  }
  const making = { signers: checkpointSigners(app), folder: checkpointFolderOf(app), now: app.clock.now() }
  for (let tries = 0; tries < 40; tries++) {
    // While a server seals it is its turn.
    await makeCheckpointNow(db, making)
    const { checkpoint } = await auditState(db.unscoped)
    if (checkpoint?.thumbprint === to) return checkpoint.number
    await sleep(250)
  }
  throw new Error('somebody else holds the sealing for ten seconds')
}
