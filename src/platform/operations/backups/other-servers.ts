import type { ClientConfig } from 'pg'
import { type App, mainApp } from '#platform/app.ts'
import { readServer } from './base-backups.ts'

/** A server beside that of the main database, on which workspaces have databases of their own (MT-17). */
export type OtherServer = {
  /** Null while it cannot be reached; `error` says why. */
  systemIdentifier: string | null
  /** Host, port and name of each. */
  databases: string[]
  /** How many workspaces have their data there. */
  tenants: number
  /** The administrator's way into one of them. */
  admin: ClientConfig
  error: string | null
}

/** Which server a database is on seldom changes, and to ask takes a connection to each. */
const believedFor = 10 * 60_000
const known = new WeakMap<App, { servers: Promise<OtherServer[]>; placed: string; at: number }>()

/** Those that have data of workspaces, as they were known some minutes ago; asked anew when a database came or went. */
export async function listOtherServers(given: App): Promise<OtherServer[]> {
  const app = mainApp(given)
  const places = ((await app.placements?.list()) ?? []).filter(({ tenants }) => tenants > 0)
  if (places.length === 0) return []
  const placed = places.map(({ id, tenants }) => `${id}:${tenants}`).join()
  const before = known.get(app)
  if (before?.placed === placed && performance.now() - before.at < believedFor) return await before.servers
  const servers = askFor(app)
  known.set(app, { servers, placed, at: performance.now() })
  servers.catch(() => known.delete(app))
  const found = await servers
  if (found.some(({ error }) => error !== null)) known.delete(app)
  return found
}

async function askFor(app: App): Promise<OtherServer[]> {
  if (!app.administration) return []
  const { systemIdentifier: main } = await readServer(app.administration.admin)
  const servers = new Map<string, OtherServer>()
  const answers = (await app.placements?.askAll(async admin => ({ admin, ...(await readServer(admin)) }))) ?? []
  for (const { id, name, tenants, answer, error } of answers.filter(each => each.tenants > 0)) {
    const systemIdentifier = answer?.systemIdentifier ?? null
    if (systemIdentifier === main) continue
    const server = servers.get(systemIdentifier ?? id)
    if (server) {
      server.databases.push(name)
      server.tenants += tenants
    } else {
      const admin = answer?.admin ?? {}
      servers.set(systemIdentifier ?? id, { systemIdentifier, databases: [name], tenants, admin, error })
    }
  }
  return [...servers.values()]
}
