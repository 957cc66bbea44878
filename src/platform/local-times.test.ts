import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { instantOf, offsetAt, wallTimeAt } from './local-times.ts'

const at = (zone: string, wall: string) =>
  instantOf(new Date(`${wall}Z`), zone)
    .toISOString()
    .replace('.000', '')

test('a time of a zone is the moment at which its clocks show it, on the days on which they are changed too', () => {
  const cases = [
    ['America/New_York', '2027-03-14T01:59:59', '2027-03-14T06:59:59Z'],
    // Left out: as if the clocks had gone on.
    ['America/New_York', '2027-03-14T02:00:00', '2027-03-14T07:00:00Z'],
    ['America/New_York', '2027-03-14T03:00:00', '2027-03-14T07:00:00Z'],
    // Twice: the first.
    ['America/New_York', '2026-11-01T01:30:00', '2026-11-01T05:30:00Z'],
    ['America/New_York', '2026-11-01T02:00:00', '2026-11-01T07:00:00Z'],
    ['Europe/Berlin', '2027-03-28T02:30:00', '2027-03-28T01:30:00Z'],
    ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00Z'],
    ['Europe/Berlin', '2026-10-25T03:00:00', '2026-10-25T02:00:00Z'],
    ['Europe/Berlin', '2028-02-29T00:00:00', '2028-02-28T23:00:00Z'],
    ['Europe/Berlin', '2027-01-01T00:59:59', '2026-12-31T23:59:59Z'],
    // A day, and here a month, that begins at one o'clock.
    ['America/Asuncion', '2023-10-01T00:00:00', '2023-10-01T04:00:00Z'],
    ['Asia/Kathmandu', '2026-12-31T23:59:59', '2026-12-31T18:14:59Z'],
    ['UTC', '2026-12-31T23:59:59', '2026-12-31T23:59:59Z'],
  ] as const
  for (const [zone, wall, moment] of cases) assert.equal(at(zone, wall), moment, `${zone} ${wall}`)
})

test('from any moment to the time of a zone and back is the same moment, but for an hour that comes twice', () => {
  const zones = fc.constantFrom('America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/Santiago', 'UTC')
  const seconds = fc.integer({ min: Date.UTC(2020, 0) / 1000, max: Date.UTC(2030, 0) / 1000 })
  fc.assert(
    fc.property(zones, seconds, (zone, second) => {
      const moment = new Date(second * 1000)
      const back = instantOf(wallTimeAt(moment, zone), zone)
      const isSecond = offsetAt(back, zone) > offsetAt(moment, zone) && moment.getTime() - back.getTime() <= 3_600_000
      assert.ok(
        isSecond || back.getTime() === moment.getTime(),
        `${zone} ${moment.toISOString()} ${back.toISOString()}`,
      )
    }),
    { numRuns: 500 },
  )
})
