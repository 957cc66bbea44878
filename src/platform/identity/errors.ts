import { errorTable } from '#platform/errors.ts'

export const errors = errorTable('identity', {
  emailInvalid: ['invalid', 'This is not an e-mail address.'],
  emailTaken: ['conflict', 'There is an account with this e-mail address already. Sign in instead.'],
  timezoneUnknown: ['invalid', 'There is no time zone {timezone}; use an IANA name such as Europe/Berlin.'],
  passwordLength: ['invalid', 'A password has {least} to {most} characters.'],
  hashingBusy: ['unavailable', 'Too many sign-ins at this moment. Try again in a few seconds.'],
  tokenInvalid: ['unauthenticated', 'The access token is not valid or no longer in date.'],
  refreshRefused: ['unauthenticated', 'This refresh token is not valid any more. Sign in again.'],
  lastWayIn: ['conflict', 'This is the only way into your account. Set a password or add another way in first.'],
})
