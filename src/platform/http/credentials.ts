import type { Principal } from './route.ts'

/** The cookie of a browser's session: opaque, HttpOnly, Secure, SameSite=Lax. */
export const sessionCookie = '__Host-commonhold'

/**
 * What a caller shows: a bearer token, else a session cookie; the tenant he asks for. `isOnSite`: he asks for it by nothing
 * but its host name, and for something of his own, which goes on without the tenant where that is closed to him.
 */
export type Credentials = { bearer?: string; cookie?: string; tenantId?: string; isOnSite?: boolean }

/** Finds out who calls; throws a DomainError (unauthenticated, forbidden, not_found) if he may not. */
export type Authenticator = (
  credentials: Credentials,
  client: { ipAddress: string; userAgent?: string; requestId: string; isPassive?: boolean },
) => Promise<Principal>
