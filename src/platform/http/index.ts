import type { buildServer as build } from './server.ts'

export { renderApiMarkdown } from './api-markdown.ts'
export { type Authenticator, sessionCookie } from './credentials.ts'
export { cursorOf, cutPage, readCursor } from './cursors.ts'
export type { Dialect } from './dialects.ts'
export { etagOf, type IfMatch, requireMatch } from './etags.ts'
export { EventStream, eventStreamType } from './event-streams.ts'
export type { Meter } from './frame.ts'
export { freshFor, requireFresh, requireOwnSignIn, requireOwnSignInFor } from './freshness.ts'
export { canonicalHost, type HostAnswer } from './hosts.ts'
export { KeptAnswers } from './kept-answers.ts'
export { createLogger } from './log.ts'
export type { Mount, MountedCall, MountedHandler } from './mounts.ts'
export { renderOpenApi } from './openapi.ts'
export { fetchPublic, type PublicRequest, requireNoPrivateAddress } from './outgoing.ts'
export type { AnyRoute, ClosedTenant, CookieChange, Principal, RequestOf, SessionPrincipal } from './route.ts'
export { Reply, route } from './route.ts'
export { date, dateTime, decimal, idParams, nullable, oneOf, pageOf, pageQuery, timestamp, uuid } from './schemas.ts'

/** See `server.ts`. Loaded when it is called: the HTTP stack takes a third of a second, which commands need not wait for. */
export const buildServer: typeof build = async options => (await import('./server.ts')).buildServer(options)
