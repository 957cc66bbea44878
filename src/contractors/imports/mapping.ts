import { hash } from 'node:crypto'
import { isAmount } from '../money.ts'
import { ueiPattern } from '../uei.ts'
import { type CleanRule, cleanUsDate } from './sources/cleaning.ts'
import { type AwardField, type ColumnCheck, mentionFields, type Source } from './sources/source.ts'
import { secondaryName } from './sources.ts'

/** Why a row is refused. */
export type Refusal = { column: string; reason: string }

/** A row as staging takes it: what does not change between rows of one award or vendor block is worked out once. */
export type StagedRow = {
  sourceId: string
  /** Whose observation it is: the source, or what it says of a part of a contractor. */
  speaker: string
  /** Empty where the source has none. */
  uei: string
  observationId: string
  observedOn: string
  contentHash: string
  data: string
  /** JSON of the observation's fields; empty when an earlier row has brought the same observation. */
  fields: string
  /** JSON of the columns that those fields give a contractor, in alphabetical order; only where no row repeats another's. */
  told: string
  award: StagedAward | undefined
  mention: StagedMention | undefined
}

/** A vendor without UEI, as the source words it: `text` is JSON of what it tells of him. */
export type StagedMention = { id: string; text: string }

export type StagedAward = { id: string; key: string; values: string[] }

/** Columns of staging that an award fills, in order. */
export const awardColumns: readonly (readonly [column: string, field: AwardField])[] = [
  ['kind', 'kind'],
  ['agency_id', 'agencyId'],
  ['agency_name', 'agencyName'],
  ['piid', 'piid'],
  ['referenced_agency_id', 'referencedAgencyId'],
  ['referenced_piid', 'referencedPiid'],
  ['mod_number', 'modNumber'],
  ['description', 'description'],
  ['naics_code', 'naicsCode'],
  ['psc_code', 'pscCode'],
  ['signed_date', 'signedDate'],
  ['completion_date', 'completionDate'],
  ['obligated_amount', 'obligatedAmount'],
  ['total_obligated', 'totalObligated'],
  ['potential_value', 'potentialValue'],
  ['reported_status', 'reportedStatus'],
]

const nothing = { id: '', fields: '', told: '' }

/** So many vendor blocks are remembered; one that comes back after being forgotten is staged again, which is harmless. */
const rememberedObservations = 20_000

/** Turns rows of a file with these columns into staged rows, by the source's table. */
export function rowMapping(source: Source, columns: readonly string[]) {
  const indexOf = (column: string) => columns.indexOf(column)
  const uei = source.uei === undefined ? -1 : indexOf(source.uei)
  const secondary = source.secondary ? indexOf(source.secondary.column) : -1
  const observedOn = indexOf(source.observedOn)
  const observedCheck = source.checks[source.observedOn]
  const keys = source.key.map(indexOf)
  const checks = Object.entries(source.checks).flatMap(([column, check]) => {
    const index = indexOf(column)
    return index < 0 ? [] : [{ column, index, check }]
  })
  const fields = Object.entries(source.fields).map(([field, rule]) => ({ field, rule: compileRule(rule, indexOf) }))
  const fieldColumns = [...new Set(Object.values(source.fields).flatMap(rule => rule.columns.map(indexOf)))].filter(
    index => index >= 0,
  )
  const award = source.award
  const awardRules = award
    ? awardColumns.map(([, field]) => (award[field] ? compileRule(award[field], indexOf) : undefined))
    : undefined
  const { mention } = source
  const mentionRules = mention
    ? mentionFields.flatMap(field => (mention[field] ? [{ field, rule: compileRule(mention[field], indexOf) }] : []))
    : []
  const names = columns.map(column => `,${JSON.stringify(column)}:`)
  // Many actions of awards say the same of a contractor; a registry has one record of each.
  const isRepeating = source.format === 'csv' && uei >= 0
  const isRegistry = source.format === 'sam'
  const observations = new Map<string, string>()

  function check(values: readonly string[]): Refusal | undefined {
    for (const { column, index, check } of checks) {
      const value = values[index]!
      if (value === '' && check !== 'uei') continue
      const reason = refusalOf(value, check)
      if (reason) return { column, reason }
    }
    return undefined
  }

  function recordOf(values: readonly string[], isPlain: boolean): string {
    let json = ''
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!
      if (value !== '') json += names[index]! + (isPlain ? `"${value}"` : JSON.stringify(value))
    }
    return `{${json.slice(1)}}`
  }

  /** `owner`: whose it is, a UEI or a mention. */
  function observe(values: readonly string[], speaker: string, owner: string): typeof nothing {
    let block = ''
    if (isRepeating) {
      block = speaker + owner
      for (const index of fieldColumns) block += `\u0001${values[index]}`
      const known = observations.get(block)
      if (known !== undefined) return { id: known, fields: '', told: '' }
    }
    const found: Record<string, unknown> = {}
    for (const { field, rule } of fields) {
      const value = rule(values)
      if (value !== undefined) found[field] = value
    }
    // The second line of a street belongs to the first: they win or lose together.
    const { addressLine1, addressLine2 } = found
    delete found.addressLine1
    delete found.addressLine2
    if (addressLine1 !== undefined) found.street = { addressLine1, addressLine2 }
    const json = JSON.stringify(found)
    const id = shortHash(`${speaker}\n${owner}\n${json}`)
    if (isRepeating) {
      if (observations.size >= rememberedObservations) observations.clear()
      observations.set(block, id)
    }
    return { id, fields: json, told: isRegistry ? toldBy(found) : '' }
  }

  function awardOf(values: readonly string[]): StagedAward | undefined {
    if (!awardRules) return undefined
    const staged = awardRules.map(rule => (rule ? String(rule(values) ?? '') : ''))
    const key = `${staged[1]}|${staged[3]}|${staged[4]}|${staged[5]}`
    // Without agency and PIID it cannot be told from another award.
    if (staged[1] === '' || staged[3] === '') return undefined
    return { id: shortHash(key), key, values: staged }
  }

  function mentionOf(values: readonly string[]): StagedMention | undefined {
    const told = mentionRules.map(({ field, rule }) => [field, rule(values)] as const)
    if (!told.some(([field, value]) => field === 'name' && value)) return undefined
    const text = JSON.stringify(Object.fromEntries(told.filter(([, value]) => value !== undefined)))
    return { id: shortHash(`${source.name}\n${text}`), text }
  }

  function sourceIdOf(values: readonly string[]): string {
    const parts = keys.map(index => values[index] ?? '').join('|')
    // An award's actions are found by the start of their ids, so these keep their bars.
    const key = award ? parts : parts.replace(/\|+$/, '')
    return source.isKeyHashed ? shortHash(key) : key
  }

  return {
    /** The staged row of trimmed values, as many as there are columns, or why it is refused; `raw` is the row as it stands. */
    stage(values: readonly string[], raw: string): StagedRow | Refusal {
      const refusal = check(values)
      if (refusal) return refusal
      // One test of the whole row instead of one for each value: most need no escape.
      const data = recordOf(values, !mustEscape.test(raw))
      const contentHash = shortHash(data)
      const isKeyless = keys.every(index => index < 0 || values[index] === '')
      if (isKeyless && !source.isKeyOptional) return { column: source.key.join(', '), reason: 'the key is empty' }
      const sourceId = isKeyless ? `content:${contentHash}` : sourceIdOf(values)
      const speaker = secondary >= 0 && values[secondary] !== '' ? secondaryName(source) : source.name
      const mention = uei < 0 ? mentionOf(values) : undefined
      const owner = uei < 0 ? mention?.id : values[uei]!
      const observation = owner === undefined ? nothing : observe(values, speaker, owner)
      return {
        sourceId,
        speaker,
        uei: uei < 0 ? '' : values[uei]!,
        observationId: observation.id,
        observedOn: plainDate(values[observedOn] ?? '', observedCheck),
        contentHash,
        data,
        fields: observation.fields,
        told: observation.told,
        award: awardOf(values),
        mention,
      }
    },
    awardOf,
    /** What the source knows the record by, whether it is taken or not. */
    sourceIdOf,
  }
}

const toldColumns = new Map<string, string>()

/** The same few sets of columns come again and again. */
function toldBy({ street, ...others }: Readonly<Record<string, unknown>>): string {
  const columns = Object.keys(others)
  if (street) for (const [column, line] of Object.entries(street)) if (line !== undefined) columns.push(column)
  const key = columns.join()
  let told = toldColumns.get(key)
  if (told === undefined) {
    told = JSON.stringify(columns.sort())
    toldColumns.set(key, told)
  }
  return told
}

/** First half of SHA-256 in the shape of a UUID: 16 bytes in the database. */
function shortHash(text: string): string {
  const hex = hash('sha256', text, 'hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

function compileRule(rule: CleanRule, indexOf: (column: string) => number) {
  const { clean } = rule
  const indexes = rule.columns.map(indexOf)
  const [first, second] = indexes
  if (indexes.length === 1) return (values: readonly string[]) => clean(values[first!] ?? '')
  if (indexes.length === 2) return (values: readonly string[]) => clean(values[first!] ?? '', values[second!] ?? '')
  return (values: readonly string[]) => clean(...indexes.map(index => values[index] ?? ''))
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what JSON must escape
const mustEscape = /["\\\u0000-\u001f\ud800-\udfff]/
const knownDates = {
  date: new Map<string, boolean>(),
  compactDate: new Map<string, boolean>(),
  usDate: new Map<string, boolean>(),
}

/** The day as the database takes it. */
function plainDate(day: string, check: ColumnCheck | undefined): string {
  if (day === '') return day
  if (check === 'compactDate') return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`
  return check === 'usDate' ? cleanUsDate(day)! : day
}

function refusalOf(value: string, check: ColumnCheck): string | undefined {
  if (typeof check === 'number') return value.length > check ? `longer than ${check} characters` : undefined
  if (check === 'uei') return ueiPattern.test(value) ? undefined : `not a Unique Entity Identifier: ${shorten(value)}`
  if (check === 'amount') return isAmount(value) ? undefined : `not an amount in dollars and cents: ${shorten(value)}`
  if (check === 'count') return /^\d{1,9}$/.test(value) ? undefined : `not a count from 0: ${shorten(value)}`
  const known = knownDates[check]
  let isRight = known.get(value)
  if (isRight === undefined) {
    isRight = isDate(value, check)
    if (known.size > 100_000) known.clear()
    known.set(value, isRight)
  }
  return isRight ? undefined : `not a date: ${shorten(value)}`
}

function isDate(value: string, check: 'date' | 'compactDate' | 'usDate'): boolean {
  const parts = (check === 'compactDate' ? /^(\d{4})(\d\d)(\d\d)$/ : /^(\d{4})-(\d\d)-(\d\d)$/).exec(
    check === 'usDate' ? (cleanUsDate(value) ?? '') : value,
  )
  if (!parts) return false
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  return year >= 1700 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

const shorten = (value: string) => (value.length > 60 ? `${value.slice(0, 60)}…` : value)
