/** What a rule gives: undefined when the record does not have it. */
export type Cleaned = string | boolean | readonly string[] | Readonly<Record<string, string | null>> | undefined

/** Columns and what makes one value of theirs. Values come trimmed; an absent column comes as ''. */
export type CleanRule = { columns: readonly string[]; clean: (...values: string[]) => Cleaned }

/** FPDS writes "0" for the United States in old records. */
export const cleanCountry = (country: string) =>
  country === '0' ? 'USA' : /^[A-Z]{3}$/.test(country) ? country : undefined

const isDomestic = (country: string) => country === '' || country === '0' || country === 'USA'

/** The postal code of a US state or territory. */
export const cleanState = (state: string, country: string) =>
  isDomestic(country) && /^[A-Z]{2}$/.test(state) ? state : undefined

/** What a foreign address has in the place of the state. */
export const cleanProvince = (state: string, country: string) =>
  state !== '' && cleanState(state, country) === undefined ? state : undefined

/** 5 digits or 5+4 with a hyphen for the United States, whose leading zero some files have lost; abroad as it stands. */
export function cleanZip(zip: string, country: string): string | undefined {
  if (!isDomestic(country)) return zip !== '' && zip.length <= 10 ? zip : undefined
  const digits = zip.replace(/[-\s]/g, '')
  if (!/^(\d{4,5}|\d{8,9})$/.test(digits)) return undefined
  const whole = digits.length === 4 || digits.length === 8 ? `0${digits}` : digits
  return whole.length === 9 ? `${whole.slice(0, 5)}-${whole.slice(5)}` : whole
}

/** 5 digits and 4 apart, as SAM has them. */
export const cleanZipPlus4 = (zip: string, plus4: string, country: string) =>
  cleanZip(isDomestic(country) && /^\d{5}$/.test(zip) && /^\d{4}$/.test(plus4) ? zip + plus4 : zip, country)

/** "11", "VIRGINIA 11" and "VA-11" are the same district. */
export function cleanDistrict(district: string): string | undefined {
  const number = /(?:^|[\s-])(\d{1,2})$/.exec(district)?.[1]
  return number?.padStart(2, '0')
}

/** Spreadsheets made "541611.0" of a code. */
export function cleanNaics(code: string): string | undefined {
  const digits = code.replace(/\.0+$/, '')
  return /^\d{2,6}$/.test(digits) ? digits : undefined
}

/** 20260906 as 2026-09-06. */
export const cleanCompactDate = (date: string) =>
  date === '' ? undefined : `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`

/** 1231 as 12-31. */
export const cleanMonthDay = (day: string) => (/^\d{4}$/.test(day) ? `${day.slice(0, 2)}-${day.slice(2)}` : undefined)

/** 3/24/2025 as 2025-03-24. */
export function cleanUsDate(date: string): string | undefined {
  const parts = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(date)
  return parts ? `${parts[3]}-${parts[1]!.padStart(2, '0')}-${parts[2]!.padStart(2, '0')}` : undefined
}

/** A list of codes between `separator`s, without repetitions, sorted. */
export function cleanCodes(codes: string, separator: string): string[] | undefined {
  if (codes === '') return undefined
  const list = [...new Set(codes.split(separator).filter(code => code !== ''))].sort()
  return list.length > 0 ? list : undefined
}

/**
 * "A620191108~XX": SBA certification codes, each with the day on which it ends, null where none is told; of two dates (entry
 * and exit) the second is the end.
 */
export function cleanCertifications(text: string): Record<string, string | null> | undefined {
  if (text === '') return undefined
  const entries = text.split('~').flatMap(entry => {
    const parts = /^(\w{2})(?:\d{8})??(?:(\d{4})(\d{2})(\d{2}))?$/.exec(entry.trim())
    return parts ? [[parts[1]!, parts[2] ? `${parts[2]}-${parts[3]}-${parts[4]}` : null] as const] : []
  })
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
