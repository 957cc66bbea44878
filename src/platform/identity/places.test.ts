import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { App } from '#platform/app.ts'
import { DomainError } from '#platform/errors.ts'
import { writePlacesFile } from '#test/places-file.ts'
import { loadConfig } from '../../main/config.ts'
import { modules } from '../../main/modules.ts'
import { findPlace, placeInWords } from './places.ts'

const directory = mkdtempSync(join(tmpdir(), 'commonhold-places-'))
after(() => rmSync(directory, { recursive: true }))

const file = join(directory, 'places.mmdb')
writePlacesFile(file, {
  '203.0.113.0/24': {
    city: { geoname_id: 1, names: { de: 'München', en: 'Munich' } },
    country: { iso_code: 'DE', names: { en: 'Germany' } },
    location: { latitude: 48, longitude: 11, accuracy_radius: 5 },
    postal: { code: '80331' },
    subdivisions: [{ iso_code: 'BY', names: { en: 'Bavaria' } }],
  },
  '198.51.100.0/25': { country: { iso_code: 'NZ', names: { en: 'New Zealand' } } },
  '198.51.100.128/25': { registered_country: { iso_code: 'FJ', names: { en: 'Fiji' } } },
  '2001:db8:1::/48': { country: { iso_code: 'KE', names: { en: 'Kenya' } } },
  '2001:db8:2::/48': { traits: { user_type: 'business' } },
})

const warnings: unknown[] = []
const appWith = (placesFile?: string) =>
  ({ config: { placesFile }, log: { warn: (...logged: unknown[]) => warnings.push(logged) } }) as unknown as App

test('MT-09 a place is a city, region and country, never where exactly', async () => {
  const app = appWith(file)
  assert.deepEqual(await findPlace(app, '203.0.113.77'), {
    city: 'Munich',
    region: 'Bavaria',
    country: 'Germany',
    countryCode: 'DE',
  })
  assert.deepEqual(await findPlace(app, '198.51.100.1'), { country: 'New Zealand', countryCode: 'NZ' })
  assert.deepEqual(await findPlace(app, '198.51.100.200'), { country: 'Fiji', countryCode: 'FJ' })
  assert.deepEqual(await findPlace(app, '2001:db8:1::5'), { country: 'Kenya', countryCode: 'KE' })
  for (const nowhere of ['2001:db8:2::1', '2001:db8:3::1', '203.0.114.1', '127.0.0.1', '::1', 'unix', '', null]) {
    assert.equal(await findPlace(app, nowhere), undefined, String(nowhere))
  }
  assert.deepEqual(warnings, [])
})

test('MT-09 without a file every place is empty, and a file that got lost stops nobody', async () => {
  assert.equal(await findPlace(appWith(), '203.0.113.77'), undefined)
  assert.deepEqual(warnings, [])
  const damaged = join(directory, 'damaged.mmdb')
  const whole = readFileSync(file)
  writeFileSync(damaged, whole.subarray(whole.length - 200))
  for (const lost of [join(directory, 'gone.mmdb'), damaged]) {
    const app = appWith(lost)
    assert.equal(await findPlace(app, '203.0.113.77'), undefined)
    assert.equal(await findPlace(app, '203.0.113.78'), undefined)
  }
  assert.ok(warnings.length >= 2, 'the log tells')
})

test('MT-09 a setting that names no file of places stops the start with a sentence', () => {
  const text = join(directory, 'text.mmdb')
  writeFileSync(text, 'not a database')
  for (const wrong of [text, directory, join(directory, 'gone.mmdb')]) {
    assert.throws(
      () => loadConfig(modules, { COMMONHOLD_PLACES_FILE: wrong }),
      error =>
        error instanceof DomainError && /COMMONHOLD_PLACES_FILE: ".*" is not a readable MMDB file/.test(error.message),
      wrong,
    )
  }
  assert.equal(loadConfig(modules, { COMMONHOLD_PLACES_FILE: file }).settings.placesFile, file)
})

test('a place in words is as short as it is known', () => {
  assert.equal(placeInWords({ city: 'Munich', region: 'Bavaria', country: 'Germany' }), 'Munich, Germany')
  assert.equal(placeInWords({ region: 'Bavaria', country: 'Germany' }), 'Bavaria, Germany')
  assert.equal(placeInWords({ country: 'Germany' }), 'Germany')
  assert.equal(placeInWords({}), '')
})
