/** What a rule gives: undefined when the record does not have it. */
export type Cleaned = string | boolean | readonly string[] | Readonly<Record<string, string>> | undefined

/** Columns and what makes one value of theirs. Values come trimmed; an absent column comes as ''. */
export type CleanRule = { columns: readonly string[]; clean: (...values: string[]) => Cleaned }

/** The column as it is. */
export const as = (column: string): CleanRule => ({ columns: [column], clean: text })

/** The columns through `clean`. */
export const from = (columns: string | readonly string[], clean: CleanRule['clean']): CleanRule => ({
  columns: typeof columns === 'string' ? [columns] : columns,
  clean,
})

/** The first of the columns that is not empty. */
export const firstOf = (...columns: string[]): CleanRule => ({
  columns,
  clean: (...values) => values.find(value => value !== ''),
})

/** The same for every record. */
export const always = (value: string): CleanRule => ({ columns: [], clean: () => value })

const text = (value: string) => value || undefined

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

/** A list of codes between `separator`s, without repetitions, sorted. */
export const cleanCodes = (separator: string) => (codes: string) => {
  const list = [...new Set(codes.split(separator).filter(code => code !== ''))].sort()
  return list.length > 0 ? list : undefined
}
