import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg, { type ClientConfig } from 'pg'
import { startEmbedded } from '../../src/platform/database/embedded.ts'
import { migrateDatabase } from '../../src/platform/database/migrate.ts'
import type { TestServer } from './server.ts'

/**
 * A PostgreSQL of its own for a test file that backs up or restores the whole server; what is imported of `#test` after it
 * uses this one. The file calls `end` in a hook of its own, after those of what uses it.
 */
export async function ownServer(
  settings: Readonly<Record<string, string>> = {},
): Promise<{ directory: string; admin(database?: string): ClientConfig; end(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'commonhold-own-'))
  chmodSync(directory, 0o755)
  const dataDirectory = join(directory, 'data')
  const embedded = await startEmbedded({ dataDirectory, durable: false, settings })
  const { host = '', port, user = '', password = '' } = embedded.adminConfig()
  const url = new URL('postgres://localhost/postgres')
  url.username = user
  url.password = String(password)
  url.searchParams.set('host', host)
  url.port = String(port)
  const server: TestServer = {
    url: url.href,
    template: 'commonhold_template_own',
    login: { user: 'commonhold_own', password: 'commonhold' },
  }
  const client = new pg.Client(embedded.adminConfig())
  await client.connect()
  await client.query(`create database ${server.template}`)
  await migrateDatabase({ admin: embedded.adminConfig(server.template) })
  await client.query(
    `create role ${server.login.user} login password '${server.login.password}' in role commonhold_app`,
  )
  await client.end()
  process.env.COMMONHOLD_TEST_SERVER = JSON.stringify(server)
  const end = async () => {
    await embedded.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { directory, admin: database => embedded.adminConfig(database), end }
}
