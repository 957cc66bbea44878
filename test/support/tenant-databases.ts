import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import pg from 'pg'
import { testServer } from './server.ts'
import type { World } from './world.ts'

export type TenantDatabase = {
  /** As an operator would give it. */
  url: string
  name: string
  /** Connected as administrator. */
  admin: pg.Client
  /** Lets nobody in any more, and ends who is in; as a server that is down. */
  close(): Promise<void>
  reopen(): Promise<void>
}

/**
 * A second database for tenants, on the server of the tests, which no tenant is in yet; dropped at the end. Await it at the
 * top level. It is migrated, unless `isEmpty`: to migrate it takes three seconds of a core, to copy it a tenth of one.
 */
export async function tenantDatabase(
  { adminConfig }: Pick<World, 'adminConfig'>,
  { isEmpty = false }: { isEmpty?: boolean } = {},
): Promise<TenantDatabase> {
  const name = `${adminConfig.database?.replace(/_test_.*/, '')}_place_${randomBytes(4).toString('hex')}`
  const maintenance = new pg.Client({ ...adminConfig, database: 'postgres' })
  await maintenance.connect()
  await maintenance.query(
    isEmpty
      ? `create database ${name}`
      : `create database ${name} template ${testServer().template} strategy file_copy`,
  )
  const config = { ...adminConfig, database: name }
  const url = new URL(`postgres://localhost/${name}`)
  url.username = String(config.user ?? '')
  url.password = String(config.password ?? '')
  if (config.host?.startsWith('/')) url.searchParams.set('host', config.host)
  else url.hostname = config.host ?? 'localhost'
  url.port = String(config.port ?? 5432)
  let admin = new pg.Client(config)
  admin.on('error', () => {})
  await admin.connect()
  // What was copied has the log's number, by which copies of checkpoints are told apart.
  if (!isEmpty) await admin.query('update audit.sealing set log_id = gen_random_uuid()')
  const role = `commonhold_app_${name}`.slice(0, 63)
  after(async () => {
    await admin.end().catch(() => {})
    await maintenance.query(`drop database ${name} with (force)`)
    await maintenance.query(`drop role if exists ${role}`)
    await maintenance.end()
  })
  return {
    url: url.href,
    name,
    get admin() {
      return admin
    },
    async close() {
      await maintenance.query(`alter database ${name} allow_connections false`)
      await maintenance.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    },
    async reopen() {
      await maintenance.query(`alter database ${name} allow_connections true`)
      admin = new pg.Client(config)
      admin.on('error', () => {})
      await admin.connect()
    },
  }
}
