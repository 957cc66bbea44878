import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type CityResponse, open, type Reader, validate } from 'maxmind'
import { type Static, Type } from 'typebox'
import type { App } from '#platform/app.ts'
import { type Device, describeUserAgent } from './user-agents.ts'

const name = Type.Optional(Type.String())

/** Where a network address is, roughly: never more than the city. */
export const Place = Type.Object({ city: name, region: name, country: name, countryCode: name })
export type Place = Static<typeof Place>

const readers = new WeakMap<App, Promise<Reader<CityResponse> | undefined>>()

/** The place of an address, from the file of the setting `placesFile`; undefined without one or where it knows none. */
export async function findPlace(app: App, address: string | null | undefined): Promise<Place | undefined> {
  if (!address || !validate(address)) return undefined
  const reader = await readerOf(app)
  try {
    const found = reader?.get(address)
    return found ? placeOf(found) : undefined
  } catch (err) {
    // A sign-in does not fail because of a page of a file.
    app.log.warn({ err }, 'The file of places (COMMONHOLD_PLACES_FILE) is damaged')
    return undefined
  }
}

/** "Berlin, Germany". */
export function placeInWords({ city, region, country }: Place): string {
  return [city ?? region, country].filter(Boolean).join(', ')
}

/** A row with an address and agent, told in a place and in words. */
export async function describeClient<Row extends { ipAddress: string | null; userAgent: string | null }>(
  app: App,
  { userAgent, ...row }: Row,
): Promise<Omit<Row, 'userAgent'> & { device: Device; place: Place | null }> {
  return { ...row, device: describeUserAgent(userAgent), place: (await findPlace(app, row.ipAddress)) ?? null }
}

/** Whether a file is an MMDB one, by the mark of its metadata: asked when the configuration is read. */
export function isPlacesFile(path: string): boolean {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const tail = Buffer.alloc(Math.min(size, 128 * 1024))
      readSync(file, tail, 0, tail.length, size - tail.length)
      return tail.includes('\xab\xcd\xefMaxMind.com', undefined, 'latin1')
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}

/** Opened at the first question: most commands ask none, and the file takes 100 MB of memory. */
function readerOf(app: App): Promise<Reader<CityResponse> | undefined> {
  let reader = readers.get(app)
  if (!reader) {
    reader = openReader(app)
    readers.set(app, reader)
  }
  return reader
}

async function openReader(app: App): Promise<Reader<CityResponse> | undefined> {
  const { placesFile } = app.config
  if (typeof placesFile !== 'string') return undefined
  try {
    return await open<CityResponse>(placesFile)
  } catch (err) {
    app.log.warn({ err, placesFile }, 'The file of places (COMMONHOLD_PLACES_FILE) cannot be read: places stay empty')
    return undefined
  }
}

function placeOf({ city, subdivisions, country, registered_country }: CityResponse): Place | undefined {
  const nation = country ?? registered_country
  const found = {
    city: city?.names?.en,
    region: subdivisions?.[0]?.names?.en,
    country: nation?.names?.en,
    countryCode: nation?.iso_code,
  }
  const known = Object.entries(found).filter(([, text]) => typeof text === 'string' && text !== '')
  return known.length > 0 ? Object.fromEntries(known) : undefined
}
