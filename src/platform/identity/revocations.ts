import { type App, mainApp } from '#platform/app.ts'
import type { Queryable, Scope } from '#platform/database'

const listeners = new WeakMap<App, (() => void)[]>()

/**
 * Call after the commit of anything that changes what a session may do (its end, a user's status, a fresh sign-in): this
 * process asks the database at the next request, others within the time that they believe an answer.
 */
export function announceRevocation(app: App): void {
  for (const listener of listeners.get(mainApp(app)) ?? []) listener()
}

/** A transaction after which nobody is believed what was true before it: see `announceRevocation`. */
export async function changeAndAnnounce<T>(app: App, scope: Scope, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const done = await app.db.transaction(scope, work)
  announceRevocation(app)
  return done
}

/** Calls back at each announcement. */
export function onRevocation(app: App, listener: () => void): void {
  const main = mainApp(app)
  listeners.set(main, [...(listeners.get(main) ?? []), listener])
}
