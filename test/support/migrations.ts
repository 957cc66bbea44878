import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import pg from 'pg'
import { adminConfigOf, testServer } from './server.ts'

/** An empty database, nothing migrated, dropped at the end of the test, or of the file. */
export async function emptyTestDatabase(t?: TestContext): Promise<{ admin: pg.ClientConfig; client: pg.Client }> {
  const server = testServer()
  const name = `${server.template.replace('template', 'empty')}_${randomBytes(4).toString('hex')}`
  const maintenance = new pg.Client(adminConfigOf(server, undefined))
  await maintenance.connect()
  await maintenance.query(`create database ${name} template template0`)
  const admin = adminConfigOf(server, name)
  const client = new pg.Client(admin)
  await client.connect()
  const drop = async () => {
    await client.end()
    await maintenance.query(`drop database ${name} with (force)`)
    await maintenance.end()
  }
  if (t) t.after(drop)
  else after(drop)
  return { admin, client }
}

/** A folder of migrations in a temporary place, written anew by each `write`: file name without `.sql` to text. */
export function migrationFolder(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'commonhold-migrations-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const folders = { directory: join(root, 'migrations'), repeatableDirectory: join(root, 'repeatable') }
  const write = (files: Record<string, string>) => {
    for (const folder of Object.values(folders)) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
    }
    for (const [name, sql] of Object.entries(files)) {
      const isMigration = /\.(up|down)$/.test(name)
      writeFileSync(join(isMigration ? folders.directory : folders.repeatableDirectory, `${name}.sql`), sql)
    }
  }
  return { ...folders, write }
}
