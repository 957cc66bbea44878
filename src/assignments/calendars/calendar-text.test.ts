import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCalendar, propertyOf, unescaped } from './calendar-text.test.grammar.ts'
import { type CalendarEvent, renderCalendar } from './calendar-text.ts'

const event: CalendarEvent = {
  uid: 'a@example.com',
  sequence: 3,
  changedAt: new Date('2027-03-01T10:00:00.123Z'),
  isCancelled: false,
  time: { startsAt: new Date('2027-03-13T19:00:00Z'), endsAt: new Date('2027-03-14T01:00:00Z') },
  summary: 'Door',
  description: '',
  category: 'Chores',
  url: 'https://example.com/assignments/1',
}
const described = { name: 'Chores', timeZone: 'Europe/Berlin' }

test('VS-08 a calendar is what RFC 5545 asks for: times in UTC, whole days up to the day after, cancelled ones marked', () => {
  const calendar = parseCalendar(
    renderCalendar(described, [
      event,
      { ...event, uid: 'b@example.com', isCancelled: true, time: { startsOn: '2027-02-27', endsOn: '2027-02-28' } },
    ]),
  )
  assert.deepEqual(
    ['VERSION', 'METHOD', 'X-WR-CALNAME'].map(each => propertyOf(calendar, each)),
    ['2.0', 'PUBLISH', 'Chores'],
  )
  assert.ok(propertyOf(calendar, 'PRODID'))
  const [timed, whole] = calendar.components
  assert.ok(timed && whole && calendar.components.every(each => each.name === 'VEVENT'))
  const some = (of: typeof timed, names: readonly string[]) => names.map(each => propertyOf(of, each))
  assert.deepEqual(some(timed, ['UID', 'DTSTAMP', 'SEQUENCE', 'STATUS', 'DTSTART', 'DTEND']), [
    ...['a@example.com', '20270301T100000Z', '3', 'CONFIRMED', '20270313T190000Z', '20270314T010000Z'],
  ])
  assert.deepEqual(some(whole, ['STATUS', 'DTSTART', 'DTEND']), ['CANCELLED', '20270227', '20270301'])
  assert.equal(whole.properties.find(each => each.name === 'DTSTART')?.parameters.VALUE, 'DATE')
  assert.equal(renderCalendar(described, []).split('BEGIN:VEVENT').length, 1)
})

test('VS-08 whatever somebody calls something comes out of the calendar as it went in, and never as a line of its own', () => {
  const odd = ['\0', '\t', '\n', '\r', '\r\n', '\u2028', '\u007f', '\u0085', '\ud83d', '\ude00']
  const parts = ['a', 'ß', '好', '😀', ' ', ',', ';', '\\', ':', '"', 'END:VEVENT', ...odd]
  const text = fc.array(fc.constantFrom(...parts), { maxLength: 150, size: 'max' }).map(each => each.join(''))
  fc.assert(
    fc.property(text, text, (summary, description) => {
      const calendar = parseCalendar(renderCalendar(described, [{ ...event, summary, description }]))
      const [only, ...others] = calendar.components
      assert.ok(only && others.length === 0 && only.components.length === 0)
      assert.equal(unescaped(propertyOf(only, 'SUMMARY') ?? ''), plain(summary))
      assert.equal(unescaped(propertyOf(only, 'DESCRIPTION') ?? ''), plain(description))
    }),
    { numRuns: 80 },
  )
})

/** With one kind of line ends, and without what no text may have. */
const plain = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
  text.replace(/\r\n?|\u2028|\u2029|[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|\p{Cs}/gu, found =>
    /[\r\u2028\u2029]/.test(found) ? '\n' : '',
  )
