/** Where a vendor says it is; any part may be missing. `zipCode` as published. */
export type Address = {
  street?: string | null | undefined
  city?: string | null | undefined
  state?: string | null | undefined
  zipCode?: string | null | undefined
  country?: string | null | undefined
}

/** An address taken apart, as two are compared. */
export type NormalAddress = {
  /** House number or P O box; empty if there is none. */
  number: string
  /** Words of the street without kind, quarter, suite. */
  street: string
  /** Suite, floor, room: its letters and digits. */
  unit: string
  city: string
  state: string
  /** Five digits in the United States; abroad what stands there. */
  zip: string
  country: string
}

/** How near two addresses are; `unknown` when one of them says too little. */
export type Nearness = 'street' | 'zip' | 'city' | 'state' | 'apart' | 'unknown'

export function normalAddress({ street, city, state, zipCode, country }: Address): NormalAddress {
  const { number, words, unit } = streetOf(street ?? '')
  const normalCountry = (country ?? '').trim().toUpperCase()
  return {
    number,
    street: words,
    unit,
    city: cityOf(city ?? ''),
    state: (state ?? '').trim().toUpperCase(),
    zip: zipOf(zipCode ?? '', normalCountry),
    country: normalCountry === '' || normalCountry === '0' ? 'USA' : normalCountry,
  }
}

/** Symmetric. A suite, a quarter and the kind of the street never tell two apart. */
export function nearnessOf(one: NormalAddress, other: NormalAddress): Nearness {
  if (isEmpty(one) || isEmpty(other)) return 'unknown'
  if (one.country !== other.country) return 'apart'
  const sameZip = one.zip !== '' && one.zip === other.zip
  const sameCity = one.city !== '' && one.city === other.city
  const sameState = one.state === '' || other.state === '' || one.state === other.state
  if ((sameZip || (sameCity && sameState)) && isSameStreet(one, other)) return 'street'
  if (sameZip) return 'zip'
  if (sameCity && sameState) return 'city'
  if (one.state !== '' && one.state === other.state) return 'state'
  if ((one.state === '' || other.state === '') && (one.city === '' || other.city === '')) return 'unknown'
  return 'apart'
}

const isEmpty = ({ city, state, zip }: NormalAddress) => city === '' && state === '' && zip === ''

function isSameStreet(one: NormalAddress, other: NormalAddress): boolean {
  if (one.number === '' && other.number === '') return one.street !== '' && one.street === other.street
  if (one.number !== other.number) return false
  if (one.street === '' || other.street === '') return one.street === other.street
  const [a, b] = [one.street.replaceAll(' ', ''), other.street.replaceAll(' ', '')]
  return a.startsWith(b.slice(0, 5)) || b.startsWith(a.slice(0, 5))
}

function streetOf(street: string): { number: string; words: string; unit: string } {
  const folded = street
    .normalize('NFKD')
    .replace(/[\u0300-\u036f.']/g, '')
    .toLowerCase()
  const box = /\bp\s*o\s*(?:box|drawer)?\s*#?\s*(\d+)|\bbox\s+(\d+)/.exec(folded)
  if (box) return { number: `box ${box[1] ?? box[2]}`, words: 'box', unit: '' }
  const plain = folded
    .replace(/#/g, ' unit ')
    .replace(/[,/-]/g, ' ')
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
    .map(word => spellings.get(word) ?? word)
  const start = plain.findIndex(word => /^\d+[a-z]?$/.test(word))
  if (start < 0) return { number: '', words: plain.filter(word => !kinds.has(word)).join(' '), unit: '' }
  const words: string[] = []
  for (const word of plain.slice(start + 1)) {
    if (units.has(word)) break
    if (!kinds.has(word) && !quarters.has(word)) words.push(word)
    else if (kinds.has(word) && words.length > 0) break
  }
  return { number: plain[start]!, words: words.join(' '), unit: unitOf(plain.slice(start + 1)) }
}

/** What stands behind the street: STE 400, ROOM 8032, LOCATION B, 7TH FL; of the last, digits before the word. */
function unitOf(rest: readonly string[]): string {
  const at = rest.findIndex(word => units.has(word) || /^(ste|suite|unit|room|rm|fl)\d/.test(word))
  if (at < 0) return ''
  const before = rest[at - 1]
  const ordinal = before !== undefined && /^\d+(st|nd|rd|th)$/.test(before) ? before.replace(/\D/g, '') : ''
  return (
    ordinal +
    rest
      .slice(at)
      .filter(word => !units.has(word))
      .join('')
      .replace(/^(ste|suite|unit|room|rm|fl)/, '')
  )
}

function cityOf(city: string): string {
  return city
    .normalize('NFKD')
    .replace(/[\u0300-\u036f.']/g, '')
    .toLowerCase()
    .replace(/\bsaint\b/g, 'st')
    .replace(/\bfort\b/g, 'ft')
    .replace(/\bmount\b/g, 'mt')
    .replace(/\bheights\b/g, 'hts')
    .replace(/[^a-z0-9]/g, '')
}

function zipOf(zip: string, country: string): string {
  const plain = zip.trim().toUpperCase()
  if (country !== '' && country !== 'USA' && country !== '0') return plain.replaceAll(' ', '')
  const digits = plain.replace(/\D/g, '')
  if (digits.length === 4 || digits.length === 8) return `0${digits}`.slice(0, 5)
  return digits.slice(0, 5)
}

const set = (words: string) => new Set(words.split(' '))
const kinds = set(
  'street st avenue ave av road rd drive dr drv boulevard blvd lane ln court ct circle cir place pl parkway pkwy pky way ' +
    'highway hwy terrace ter trail trl square sq plaza plz turnpike tpke pike loop row center ctr crossing xing',
)
const quarters = set('n s e w ne nw se sw north south east west northeast northwest southeast southwest')
const units = set(
  'suite ste unit apt apartment room rm floor fl flr bldg building dept department level ms mailstop mp loc location',
)
const spellings = new Map([
  ['rt', 'route'],
  ['rte', 'route'],
  ['first', '1st'],
  ['second', '2nd'],
  ['third', '3rd'],
  ['fourth', '4th'],
  ['fifth', '5th'],
  ['sixth', '6th'],
  ['seventh', '7th'],
  ['eighth', '8th'],
  ['ninth', '9th'],
  ['tenth', '10th'],
  ['eleventh', '11th'],
  ['twelfth', '12th'],
  ['one', '1'],
  ['two', '2'],
  ['three', '3'],
])
