import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { App } from '#platform/app.ts'
import { type Queryable, sql } from '#platform/database'
import { errors } from '../errors.ts'

/** A server or worker of the installation that runs now. */
export type Program = { id: string; host: string; processId: number; keyIds: string[] }

const system = { system: true } as const

/**
 * Says which keys this program has, until `end`. Refuses to run beside one that could not read what this one writes
 * (`operations.key_unknown_elsewhere`), or whose writings this one cannot read (`operations.key_missing_here`).
 */
export async function announceProgram({ db, keyring, log }: App): Promise<{ end(): Promise<void> }> {
  const id = randomUUID()
  const keyIds = [...keyring.keyIds]
  await db.transaction(system, async tx => {
    // Of two that begin at once the second sees the first.
    await tx.run(sql`select pg_advisory_xact_lock(hashtext('commonhold'), hashtext('programs'))`)
    const others = await listPrograms(tx)
    const without = others.filter(other => !other.keyIds.includes(keyring.newestKeyId))
    if (without.length > 0) throw errors.keyUnknownElsewhere({ key: keyring.newestKeyId, programs: inWords(without) })
    const ahead = others.find(other => !keyIds.includes(other.keyIds[0] as string))
    if (ahead) throw errors.keyMissingHere({ key: ahead.keyIds[0], programs: inWords([ahead]) })
    await tx.run(sql`
      insert into operations.programs (id, host, process_id, key_ids)
      values (${id}, ${hostname()}, ${process.pid}, ${keyIds})`)
  })
  const own = db.scoped(system)
  const beat = setInterval(() => {
    const seen = own.run(sql`update operations.programs set seen_at = now() where id = ${id}`)
    seen.catch(err => log.warn({ err }, 'This program could not say that it runs'))
  }, 30_000)
  beat.unref()
  return {
    async end() {
      clearInterval(beat)
      // Else it is taken to be gone after two minutes.
      await own.run(sql`delete from operations.programs where id = ${id}`).catch(() => {})
    },
  }
}

/** Those that run now. Forgets those that ended without a word. */
export async function listPrograms(own: Queryable): Promise<Program[]> {
  const known = await own
    .run(sql<Program>`
    delete from operations.programs
    where seen_at < now() - interval '2 minutes'`)
    .then(() =>
      own.run(sql<Program>`select id, host, process_id, key_ids from operations.programs order by host, process_id`),
    )
  const dead = known.filter(({ host, processId }) => host === hostname() && !isAlive(processId)).map(({ id }) => id)
  if (dead.length > 0) await own.run(sql`delete from operations.programs where id = any(${dead}::uuid[])`)
  return known.filter(({ id }) => !dead.includes(id))
}

/** Refuses (`operations.key_unknown_elsewhere`) while a program runs that could not read what is encrypted with the newest key. */
export async function requireKeyEverywhere({ db, keyring }: App): Promise<void> {
  const without = (await listPrograms(db.scoped(system))).filter(({ keyIds }) => !keyIds.includes(keyring.newestKeyId))
  if (without.length > 0) throw errors.keyUnknownElsewhere({ key: keyring.newestKeyId, programs: inWords(without) })
}

const inWords = (programs: readonly Program[]): string =>
  programs.map(({ host, processId }) => `${host} process ${processId}`).join(', ')

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
