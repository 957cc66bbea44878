import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after } from 'node:test'
import pg from 'pg'
import { Database } from '#platform/database'
import { adminConfigOf, loginConfigOf, testServer } from './server.ts'

export type TestDatabase = {
  name: string
  /** Access as the program has it: a login that is a member of commonhold_app. */
  db: Database
  /** Connected as administrator: sees everything, for controls. */
  admin: pg.Client
  /** Acts as commonhold_owner, as migrations do. */
  owner: pg.Client
  login: pg.ClientConfig
  adminConfig: pg.ClientConfig
}

/** A clone of the migrated template, dropped when the test file ends. Await it at the top level of the file, not in a hook. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = testServer()
  const name = `${server.template.replace('template', 'test')}_${randomBytes(4).toString('hex')}`
  const maintenance = new pg.Client(adminConfigOf(server, undefined))
  await maintenance.connect()
  // Copying files takes half of what writing each page to the log does.
  await maintenance.query(`create database ${name} template ${server.template} strategy file_copy`)

  const adminConfig = adminConfigOf(server, name)
  const login = loginConfigOf(server, name)
  const admin = new pg.Client(adminConfig)
  const owner = new pg.Client(adminConfig)
  await Promise.all([admin.connect(), owner.connect()])
  // A clone has the template's objects but not the rights on the database itself.
  await admin.query(readFileSync('db/roles.sql', 'utf8'))
  await admin.query(`grant connect on database ${name} to ${server.login.user}`)
  await owner.query('set role commonhold_owner')
  const db = new Database({ login })

  after(async () => {
    await Promise.all([db.close(), admin.end(), owner.end()])
    await maintenance.query(`drop database ${name} with (force)`)
    await maintenance.end()
  })
  return { name, db, admin, owner, login, adminConfig }
}
