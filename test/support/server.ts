import type pg from 'pg'

/** The PostgreSQL that `test/run.ts` started for this run. */
export type TestServer = {
  /** Administrator's connection; a socket directory stands in the `host` parameter. */
  url: string
  /** The migrated database that each test file clones. */
  template: string
  /** The program's login, a member of commonhold_app. */
  login: { user: string; password: string }
}

export function testServer(): TestServer {
  const text = process.env.COMMONHOLD_TEST_SERVER
  if (!text) throw new Error('Run tests with `node test/run.ts FILE…`: it starts the PostgreSQL that they need')
  return JSON.parse(text)
}

export function adminConfigOf(server: TestServer, database: string | undefined): pg.ClientConfig {
  const url = new URL(server.url)
  return {
    host: url.searchParams.get('host') ?? url.hostname,
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: database ?? (decodeURIComponent(url.pathname.slice(1)) || 'postgres'),
  }
}

/** How the program itself would connect to `database`. */
export function loginConfigOf(server: TestServer, database: string): pg.ClientConfig {
  return { ...adminConfigOf(server, database), ...server.login }
}
