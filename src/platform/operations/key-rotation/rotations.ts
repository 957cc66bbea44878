import type pg from 'pg'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { json, sql } from '#platform/database'
import { asAdministrator } from '../administration.ts'
import { errors } from '../errors.ts'
import { type ColumnResult, countValues, encryptAgain, encryptedColumnsOf } from './encrypted-columns.ts'
import { renewPassword } from './program-logins.ts'
import { requireKeyEverywhere } from './programs.ts'

export type KeyRotation = {
  id: string
  toKey: string
  fromKeys: string[]
  /** `incomplete`: some values could not be opened, or a database was away. */
  status: 'running' | 'interrupted' | 'done' | 'incomplete' | 'failed'
  startedAt: Date
  resumedAt: Date | null
  endedAt: Date | null
  requestedBy: string | null
  encryptedAgain: number
  unreadable: number
  /** How many were to be encrypted again when it began, in the databases that were counted by then. */
  total: number | null
  /** Null while it runs. */
  remaining: number | null
  columns: (Omit<ColumnResult, 'table'> & { database: string | null })[]
  reason: string | null
}

export type RotationOptions = {
  requestedBy: string
  progress?: (line: string) => void
  /** Stops it after the batch under way; run again it goes on. */
  signal?: AbortSignal
}

const system = { system: true } as const

class Interruption extends Error {}

/**
 * GG-17: encrypts all that is encrypted with the newest key, in the main database and in those of tenants, and renews the
 * program's logins there. The values say themselves what is left to do: killed, it goes on where it was. Refuses
 * (`operations.rotation_busy`) while another one runs, and while a program runs that has not the newest key.
 */
export async function rotateKeys(app: App, options: RotationOptions): Promise<KeyRotation> {
  await requireKeyEverywhere(app)
  return await asAdministrator(
    app,
    async (tx, isAdministrator, client) => {
      if (!isAdministrator || !client) throw errors.rotationNeedsAdministrator()
      // Of a session, so that it is gone with a program that was killed. Two at once would do each other no harm.
      const { isFree } = await tx.one(sql<{ isFree: boolean }>`
        select pg_try_advisory_lock(hashtext('commonhold keys rotate')) as is_free`)
      if (!isFree) throw errors.rotationBusy()
      const rotation = await beginRotation(app, options)
      try {
        await encryptEverywhere(app, client, rotation, options)
      } catch (error) {
        const isStopped = error instanceof Interruption
        rotation.status = isStopped ? 'interrupted' : 'failed'
        rotation.reason = (error as Error).message.slice(0, 1_000)
        await noteRotation(app, rotation)
        if (!isStopped) throw error
        return rotation
      }
      await noteRotation(app, rotation)
      return rotation
    },
    { name: 'commonhold keys rotate', statementTimeout: 0, lockTimeout: 30_000 },
  )
}

/** The newest first. */
export async function listRotations(app: App, limit = 20): Promise<KeyRotation[]> {
  return await app.db.scoped(system).run(sql<KeyRotation>`
    select *
    from operations.key_rotations
    order by started_at desc
    limit ${limit}`)
}

/** The row of the run: the one of before where it was killed on the way to the same key. */
async function beginRotation({ db, keyring }: App, { requestedBy }: RotationOptions): Promise<KeyRotation> {
  const toKey = keyring.newestKeyId
  return await db.transaction(system, async tx => {
    await tx.run(sql`
      update operations.key_rotations
      set status = 'interrupted', ended_at = now(), reason = 'Another key has become the newest'
      where status = 'running'
        and to_key <> ${toKey}`)
    const killed = await tx.maybe(sql<KeyRotation>`
      update operations.key_rotations
      set resumed_at = now()
      where status = 'running'
      returning *`)
    if (killed) return killed
    const begun = await tx.one(sql<KeyRotation>`
      insert into operations.key_rotations (to_key, requested_by)
      values (${toKey}, ${requestedBy})
      returning *`)
    await recordEvent(tx, {
      action: 'rotate_keys',
      resource: 'operations.key_rotations',
      resourceId: begun.id,
      details: { toKey },
    })
    return begun
  })
}

async function encryptEverywhere(
  app: App,
  main: pg.ClientBase,
  rotation: KeyRotation,
  options: RotationOptions,
): Promise<void> {
  const { progress = () => {} } = options
  const faults: string[] = []
  // What a run that was killed could not read is found again.
  for (const column of rotation.columns) Object.assign(column, { unreadable: 0, examples: [] })
  rotation.total = rotation.encryptedAgain + (await countOlder(app, main))
  let remaining = await encryptDatabase(app, main, null, rotation, options)
  await renewPassword(main, app.keyring)
  for (const { id, name } of (await app.placements?.list()) ?? []) {
    progress(`The database ${name}`)
    try {
      await app.placements?.asAdministrator(id, async client => {
        rotation.total = (rotation.total ?? 0) + (await countOlder(app, client))
        remaining += await encryptDatabase(app, client, name, rotation, options)
        await renewPassword(client, app.keyring)
      })
    } catch (error) {
      if (error instanceof Interruption) throw error
      faults.push(`${name}: ${(error as Error).message}`)
      progress(`The database ${name} is left for later: ${(error as Error).message}`)
    }
  }
  if (rotation.unreadable > 0)
    faults.push(`${rotation.unreadable} values cannot be opened, ${rotation.columns.flatMap(it => it.examples)[0]}`)
  if (remaining > rotation.unreadable) faults.push(`${remaining - rotation.unreadable} values were written meanwhile`)
  Object.assign(rotation, {
    status: faults.length > 0 ? 'incomplete' : 'done',
    remaining,
    reason: faults.length > 0 ? faults.join('; ').slice(0, 1_000) : null,
  })
}

/** Returns how many values are still under older keys. */
async function encryptDatabase(
  app: App,
  client: pg.ClientBase,
  database: string | null,
  rotation: KeyRotation,
  { progress = () => {}, signal }: RotationOptions,
): Promise<number> {
  const newest = app.keyring.newestKeyId
  let remaining = 0
  for (const column of encryptedColumnsOf(app)) {
    const { column: name, keys } = await countValues(client, column)
    const { [newest]: _, ...older } = keys
    const all = sum(older)
    if (all === 0) continue
    rotation.fromKeys = [...new Set([...rotation.fromKeys, ...Object.keys(older).filter(id => id !== 'none')])].sort()
    const entry = entryOf(rotation, database, name)
    const before = entry.again
    const note = async ({ again, unreadable, examples }: ColumnResult) => {
      rotation.encryptedAgain += before + again - entry.again
      Object.assign(entry, { again: before + again, unreadable, examples })
      rotation.unreadable = rotation.columns.reduce((total, it) => total + it.unreadable, 0)
      await noteRotation(app, rotation)
    }
    const result = await encryptAgain(client, column, app.keyring, async result => {
      await note(result)
      progress(`${name}: ${result.again} of ${all}`)
      if (signal?.aborted) throw new Interruption('It was stopped; run again it goes on.')
    })
    await note(result)
    const left = (await countValues(client, column)).keys
    remaining += sum(left) - (left[newest] ?? 0)
  }
  return remaining
}

async function countOlder(app: App, client: pg.ClientBase): Promise<number> {
  let older = 0
  for (const column of encryptedColumnsOf(app)) {
    const { keys } = await countValues(client, column)
    older += sum(keys) - (keys[app.keyring.newestKeyId] ?? 0)
  }
  return older
}

function entryOf(rotation: KeyRotation, database: string | null, column: string): KeyRotation['columns'][number] {
  const known = rotation.columns.find(it => it.database === database && it.column === column)
  if (known) return known
  const made = { database, column, again: 0, unreadable: 0, examples: [] }
  rotation.columns.push(made)
  return made
}

async function noteRotation({ db }: App, rotation: KeyRotation): Promise<void> {
  const { id, fromKeys, status, encryptedAgain, total, unreadable, remaining, columns, reason } = rotation
  const { endedAt } = await db.scoped(system).one(sql<{ endedAt: Date | null }>`
      update operations.key_rotations
      set
        from_keys = ${fromKeys},
        status = ${status},
        ended_at = ${status === 'running' ? null : new Date()},
        encrypted_again = ${encryptedAgain},
        total = ${total},
        unreadable = ${unreadable},
        remaining = ${remaining},
        columns = ${json(columns)},
        reason = ${reason}
      where id = ${id}
      returning ended_at`)
  rotation.endedAt = endedAt
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)
