import type { ClientConfig } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import type { Database, PlacedDatabase } from '#platform/database'
import type { Module } from '#platform/module.ts'
import type { Placements } from '#platform/tenancy'

/** What handlers, jobs and commands are given. */
export type App = {
  /** Of a module with `placement: 'tenant'` each tenant's own database, else the main one. */
  db: Database
  /** What modules with `placement: 'tenant'` have as `db`; without it all tenants are in the main database. */
  placed?: PlacedDatabase
  /** Which tenants have a database of their own, and how it is reached (MT-17). */
  placements?: Placements
  /** The way in as the administrator of the main database, for `operations` alone; absent where a program has none. */
  administration?: Administration
  clock: Clock
  keyring: Keyring
  log: Logger
  config: Readonly<Record<string, unknown>>
  /** Where people reach this installation, without a trailing slash: links are built from it, never from Host. */
  publicUrl: string
  /** All modules of this program, for what they declare to each other as plain data: features, events, metrics. */
  modules: readonly Module[]
}

/** What backups, maintenance and the look at locks need and a login with least privilege has not. */
export type Administration = {
  /** Connects as the administrator: the superuser of the embedded server, else the login of DATABASE_URL. */
  admin: ClientConfig
  /** The server is the program's own, on `<dataDirectory>/postgres`. */
  isEmbedded: boolean
  /** Where the program keeps its files, private to its user. */
  dataDirectory: string
}

/** The app as a module's handlers, jobs and commands get it: with `placement: 'tenant'` its `db` finds each tenant's own. */
export function appFor(module: Pick<Module, 'placement'>, app: App): App {
  if (module.placement !== 'tenant' || !app.placed) return app
  const known = placedApps.get(app)
  if (known) return known
  const made = { ...app, db: app.placed }
  placedApps.set(app, made)
  mainApps.set(made, app)
  return made
}

/** The app of the program itself: what is remembered for it counts for the ones made from it too. */
export const mainApp = (app: App): App => mainApps.get(app) ?? app

const placedApps = new WeakMap<App, App>()
const mainApps = new WeakMap<App, App>()
