import type { App } from '#platform/app.ts'
import { mainApp } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { touchClient } from './clients.ts'
import { currentRequest } from './requests.ts'

/** How old the note of a client's last token may get, ms. */
const touchedWithin = 60_000
/** A program that gets tokens from one address again and again stands in the log once in this time, ms. */
const toldWithin = 3600_000
const rememberedAtMost = 20_000

type Noted = { touched: Map<string, number>; told: Map<string, number> }

const noted = new WeakMap<App, Noted>()

/**
 * Notes that a client got a token. Each token of a program is a row of its own; the audit log has one entry for each client
 * and address in an hour, for one entry a token would cost more than the token.
 */
export async function noteUse(clientRowId: string, { isService = false } = {}): Promise<void> {
  const { app, scope } = currentRequest()
  const { touched, told } = notedOf(app)
  if (isDue(touched, clientRowId, touchedWithin)) await touchClient(app.db.scoped(scope), clientRowId)
  if (!isService || !isDue(told, `${clientRowId} ${scope.ipAddress}`, toldWithin)) return
  await recordEvent(app.db.scoped(scope), {
    action: 'oauth_service_token',
    resource: 'oauth.oauth_clients',
    resourceId: clientRowId,
  })
}

function notedOf(app: App): Noted {
  const main = mainApp(app)
  const found = noted.get(main) ?? { touched: new Map(), told: new Map() }
  noted.set(main, found)
  return found
}

function isDue(moments: Map<string, number>, key: string, within: number): boolean {
  const now = performance.now()
  const last = moments.get(key)
  if (last !== undefined && now - last < within) return false
  if (moments.size >= rememberedAtMost) moments.clear()
  moments.set(key, now)
  return true
}
