import type { App } from '#platform/app.ts'

const listeners = new WeakMap<App, (() => void)[]>()

/**
 * Call after the commit of anything that changes what a session may do (its end, a user's status, a fresh sign-in): this
 * process asks the database at the next request, others within the time that they believe an answer.
 */
export function announceRevocation(app: App): void {
  for (const listener of listeners.get(app) ?? []) listener()
}

/** Calls back at each announcement. */
export function onRevocation(app: App, listener: () => void): void {
  listeners.set(app, [...(listeners.get(app) ?? []), listener])
}
