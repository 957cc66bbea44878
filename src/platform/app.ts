import type { ClientConfig } from 'pg'
import type { Logger } from 'pino'
import type { Clock } from '#platform/clock.ts'
import type { Keyring } from '#platform/crypto'
import { type Database, type PlacedDatabase, type Replicas, ReportDatabase, type Reports } from '#platform/database'
import type { KeptAnswers } from '#platform/http'
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
  /** Those of the main database that reports are read from (PE-12); absent where there are none. */
  replicas?: Replicas
  /** Answers of reports from the last seconds (PE-12); absent where none are kept. */
  kept?: KeptAnswers
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

/** What the handler of a report is given: nothing that it could write with (PE-12). */
export type ReportApp = Omit<App, 'db' | 'placed' | 'placements' | 'administration'> & {
  db: Reports
  placed?: Reports & Pick<PlacedDatabase, 'placeOf'>
}

/** The same for routes that are reports: their `db` reads from a replica, if there is one, and changes nothing. */
export function reportAppFor(module: Pick<Module, 'placement'>, app: App): ReportApp {
  const { placed, replicas, placements: _, administration: __, db, ...rest } = app
  const elsewhere = placed && new ReportDatabase(placed, replicas, scope => placed.placeOf(scope))
  const here = new ReportDatabase(db, replicas)
  const isElsewhere = module.placement === 'tenant' && elsewhere
  return { ...rest, db: isElsewhere ? elsewhere : here, ...(elsewhere && { placed: elsewhere }) }
}

/** The app of the program itself: what is remembered for it counts for the ones made from it too. */
export const mainApp = (app: App): App => mainApps.get(app) ?? app

const placedApps = new WeakMap<App, App>()
const mainApps = new WeakMap<App, App>()
