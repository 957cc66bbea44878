import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { errorTable } from '#platform/errors.ts'
import { type MigrationOptions, migrateDatabase } from './migrate.ts'
import { connectAs } from './migrator.ts'

const errors = errorTable('migrations', {
  noScratch: [
    'forbidden',
    '{login} may not create the scratch database that the migrations are replayed into ({reason}).',
  ],
})

/**
 * Replays all migrations into a scratch database on the server of `options.admin`, hands it to `work`, and drops it.
 * Refuses where the login may not create a database.
 */
export async function inReplay<T>(
  options: MigrationOptions,
  work: (scratch: pg.ClientConfig) => Promise<T>,
): Promise<T> {
  const name = `commonhold_replay_${randomBytes(6).toString('hex')}`
  const client = await connectAs(options.admin)
  try {
    await client.query(`create database ${name} template template0`).catch(error => {
      if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error
      throw errors.noScratch({ login: options.admin.user ?? 'The login', reason: error.message }, error)
    })
    try {
      const scratch = inDatabase(options.admin, name)
      await migrateDatabase({ ...options, admin: scratch, to: undefined, log: undefined })
      return await work(scratch)
    } finally {
      await client.query(`drop database if exists ${name} with (force)`)
    }
  } finally {
    await client.end()
  }
}

function inDatabase(admin: pg.ClientConfig, database: string): pg.ClientConfig {
  if (!admin.connectionString) return { ...admin, database }
  return { ...admin, connectionString: Object.assign(new URL(admin.connectionString), { pathname: database }).href }
}
