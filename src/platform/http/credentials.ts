import type { Principal } from './route.ts'

/** The cookie of a browser's session: opaque, HttpOnly, Secure, SameSite=Lax. */
export const sessionCookie = '__Host-commonhold'

/** What a caller shows: a bearer token, else a session cookie; the tenant he asks for. */
export type Credentials = { bearer?: string; cookie?: string; tenantId?: string }

/** Finds out who calls; throws a DomainError (unauthenticated, forbidden, not_found) if he may not. */
export type Authenticator = (
  credentials: Credentials,
  client: { ipAddress: string; userAgent?: string; requestId: string; isPassive?: boolean },
) => Promise<Principal>
