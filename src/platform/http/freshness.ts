import type { App } from '#platform/app.ts'
import { errors } from './errors.ts'
import type { Principal } from './route.ts'

/** Milliseconds after a sign-in in which sensitive actions are possible. */
export const freshFor = 10 * 60_000

/**
 * Refuses with `http.step_up_required` unless the session's last sign-in is under 10 minutes old: for routes of which only
 * some requests are sensitive. Where all are, the route says `fresh`.
 */
export function requireFresh(app: App, { authenticatedAt }: Principal): void {
  if (authenticatedAt === undefined) throw errors.keyRefused()
  if (app.clock.now().getTime() - authenticatedAt.getTime() >= freshFor) throw errors.stepUpRequired()
}

/** Refuses with `http.own_sign_in_required` who came through a tenant's identity provider: the account is not the tenant's. */
export function requireOwnSignIn({ provider }: Principal): void {
  if (provider !== undefined) throw errors.ownSignInRequired()
}

/** The same where the request is about another tenant than the provider's, which it is not to reach. */
export function requireOwnSignInFor({ provider }: Principal, tenantId: string): void {
  if (provider !== undefined && provider.tenantId !== tenantId.toLowerCase()) throw errors.ownSignInRequired()
}
