import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('http', {
  requestInvalid: ['invalid', 'The request is not valid; `errors` lists where and why.'],
  bodyMalformed: ['invalid', 'The body is not valid JSON in UTF-8, or nested more than 1,000 levels deep.'],
  bodyTooLarge: ['invalid', 'The body is larger than {limit} bytes.'],
  mediaTypeUnsupported: ['invalid', 'The body must be {types}.'],
  textUnfit: ['invalid', 'Text must not hold NUL characters or lone surrogates.'],
  addressMalformed: ['invalid', 'The address is not valid: {reason}.'],
  tenantHeaderMalformed: ['invalid', 'X-Tenant-Id must be a UUID.'],
  tenantOfHost: [
    'forbidden',
    'This host name is another tenant’s: leave X-Tenant-Id out, or ask on the installation’s own.',
  ],
  cursorInvalid: ['invalid', 'The cursor does not belong to this list. Start again without it.'],
  conditionUnsupported: ['invalid', 'This operation does not support If-Match.'],
  idempotencyKeyMalformed: ['invalid', 'Idempotency-Key must be 1 to 255 printable ASCII characters.'],
  unauthenticated: ['unauthenticated', 'Sign in, or send a valid access token.'],
  permissionMissing: ['forbidden', 'This needs the permission {permission}.'],
  keyRefused: ['forbidden', 'This is for people who are signed in: an API key cannot do it.'],
  applicationRefused: [
    'forbidden',
    'This is for people who are signed in: an application cannot do it, whatever it was allowed.',
  ],
  stepUpRequired: [
    'forbidden',
    'This needs a sign-in of the last 10 minutes. Confirm that it is you: POST /auth/step-up, or sign in again.',
  ],
  ownSignInRequired: [
    'forbidden',
    'You came in through the identity provider of a workspace, which cannot speak for your own account. Confirm by your own password or passkey; “Forgot password” gives you one.',
  ],
  crossSite: ['forbidden', 'A write with the session cookie must come from a page of this site.'],
  metricsRefused: [
    'forbidden',
    'Metrics are answered to direct requests from a private address, or with the metrics token.',
  ],
  routeNotFound: ['not_found', 'There is nothing at {path}.'],
  methodNotAllowed: ['invalid', '{method} is not possible here.'],
  idempotencyInProgress: ['conflict', 'The first request with this Idempotency-Key has not been answered yet.'],
  idempotencyKeyReused: ['conflict', 'This Idempotency-Key was used for another request.'],
  changedMeanwhile: ['precondition_failed', 'The resource has changed since it was read. Read it again.'],
  tooManyRequests: ['limited', 'Too many requests. Try again in {retryAfter} seconds.'],
  outgoingRefused: ['invalid', 'This address may not be asked: {reason}.'],
  outgoingFailed: ['unavailable', '{host} cannot be reached: {reason}.'],
  tookTooLong: [
    'unavailable',
    'The database has ended this: it took longer than it may, as it does while a restore, a move or another change holds the same rows. The change that it was at is not made. Try again in {retryAfter} seconds.',
  ],
  notReady: ['unavailable', 'The server is not ready: {reason}.'],
})
