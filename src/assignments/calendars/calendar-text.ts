// RFC 5545: a calendar as text.

export type CalendarEvent = {
  /** The same for the same event whenever it is written, and of no other event anywhere. */
  uid: string
  /** Never less than it was for the same event. */
  sequence: number
  /** When it last became what it is. */
  changedAt: Date
  isCancelled: boolean
  /** Moments, or whole days as `YYYY-MM-DD`: the last one is in it. */
  time: { startsAt: Date; endsAt: Date } | { startsOn: string; endsOn: string }
  summary: string
  description: string
  category: string
  url: string
}

/** `timeZone` is what programs show where they ask for one; moments are written in UTC, so that no zone has to be described. */
export function renderCalendar(
  { name, timeZone }: { name: string; timeZone: string },
  events: readonly CalendarEvent[],
): string {
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Commonhold//Assignments//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    // RFC 7986; the X- lines are what programs read that do not know it.
    `NAME:${textOf(name)}`,
    `X-WR-CALNAME:${textOf(name)}`,
    `X-WR-TIMEZONE:${textOf(timeZone)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
    ...events.flatMap(linesOf),
    'END:VCALENDAR',
  ]
    .map(line => `${folded(line)}\r\n`)
    .join('')
}

function linesOf({ uid, sequence, changedAt, isCancelled, time, ...event }: CalendarEvent): string[] {
  const isTimed = 'startsAt' in time
  return [
    'BEGIN:VEVENT',
    `UID:${textOf(uid)}`,
    `DTSTAMP:${momentOf(changedAt)}`,
    `LAST-MODIFIED:${momentOf(changedAt)}`,
    `SEQUENCE:${sequence}`,
    `STATUS:${isCancelled ? 'CANCELLED' : 'CONFIRMED'}`,
    ...(isTimed
      ? [`DTSTART:${momentOf(time.startsAt)}`, `DTEND:${momentOf(time.endsAt)}`, 'TRANSP:OPAQUE']
      : // The end is the first day that is not in it. A day on which something is to be done is not a day that is taken.
        [
          `DTSTART;VALUE=DATE:${dayOf(time.startsOn)}`,
          `DTEND;VALUE=DATE:${dayOf(dayAfter(time.endsOn))}`,
          'TRANSP:TRANSPARENT',
        ]),
    `SUMMARY:${textOf(event.summary)}`,
    ...(event.description === '' ? [] : [`DESCRIPTION:${textOf(event.description)}`]),
    `CATEGORIES:${textOf(event.category)}`,
    `URL:${event.url}`,
    'END:VEVENT',
  ]
}

const momentOf = (moment: Date) => `${moment.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
const dayOf = (day: string) => day.replaceAll('-', '')
const dayAfter = (day: string) => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)

/** Section 3.3.11; characters that no text may have are left out. */
const textOf = (text: string): string =>
  text
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/[\p{Cc}\p{Cs}]/gu, character => (character === '\n' ? '\n' : ''))
    .replace(/[\\;,]/g, '\\$&')
    .replaceAll('\n', '\\n')

/** Octets of a line without its end. */
const longestLine = 75

/** Section 3.1: longer lines go on in the next, behind a space; never within a character. */
function folded(line: string): string {
  const lines: string[] = []
  let [current, size] = ['', 0]
  for (const character of line) {
    const octets = Buffer.byteLength(character)
    if (size + octets > longestLine) {
      lines.push(current)
      ;[current, size] = [' ', 1]
    }
    current += character
    size += octets
  }
  return [...lines, current].join('\r\n')
}
