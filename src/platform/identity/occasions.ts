import type { App } from '#platform/app.ts'
import { findPlace, placeInWords } from './places.ts'
import { describeUserAgent } from './user-agents.ts'

/** When, on what and from where something was done to an account, as its owner is told. */
export type Occasion = {
  moment: Date
  /** The owner's. */
  timezone: string
  userAgent: string | null | undefined
  ipAddress: string | null | undefined
}

/** The `facts` of a mail; what is not known is left out. */
export async function describeOccasion(app: App, occasion: Occasion): Promise<[label: string, value: string][]> {
  const { moment, timezone, userAgent, ipAddress } = occasion
  const place = await findPlace(app, ipAddress)
  const facts: [string, string][] = [
    ['Time', momentInWords(moment, timezone)],
    ['Device', userAgent ? describeUserAgent(userAgent).words : ''],
    ['Place', place ? placeInWords(place) : ''],
    ['Address', ipAddress ?? ''],
  ]
  return facts.filter(([, value]) => value !== '')
}

/** "21 November 2026", by the clock of a time zone. */
export function dayInWords(moment: Date, timezone: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: timezone }).format(moment)
}

/** "21 November 2026 at 14:05 GMT+1". */
export function momentInWords(moment: Date, timezone: string): string {
  const time = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone: timezone,
  }).format(moment)
  return `${dayInWords(moment, timezone)} at ${time}`
}
