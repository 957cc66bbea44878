import { errors } from './errors.ts'

/** Refuses what is no IANA name, `Europe/Berlin` or `UTC`; offsets such as `+01:00` know no summer time. */
export function requireTimezone(timezone: string): void {
  if (isTimezone(timezone)) return
  const message = 'is not a known time zone, such as Europe/Berlin'
  throw errors.timezoneUnknown({ timezone, errors: [{ in: 'body', pointer: '/timezone', message }] })
}

export function isTimezone(name: string): boolean {
  try {
    // The list of Intl.supportedValuesOf lacks aliases that browsers really report.
    new Intl.DateTimeFormat('en', { timeZone: name })
    return /^[A-Za-z]/.test(name)
  } catch {
    return false
  }
}
