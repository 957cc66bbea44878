import { DomainError } from '#platform/errors.ts'
import type { BadRow, FileRow, RowHandlers, RowReader } from '#platform/files'
import { barReader, csvReader } from '#platform/files'
import { normaliseEmail } from './emails.ts'
import { errors } from './errors.ts'
import { isUsableHash } from './hashing.ts'
import { requireTimezone } from './timezones.ts'

/** How a file of users is written: CSV with a head, or a JSON object a line. */
export const userFormats = ['csv', 'jsonl'] as const
export type UserFormat = (typeof userFormats)[number]

/** The columns of a file of users, in camelCase; any other case, with spaces or low lines, is the same. */
const userColumns = [
  'email',
  'fullName',
  'username',
  'passwordHash',
  'emailVerified',
  'timezone',
  'language',
  'status',
] as const
type Column = (typeof userColumns)[number]
type Record = Partial<{ [Key in Column]: unknown }>

/** A person of a file, checked. */
export type ImportedUser = {
  line: number
  email: string
  fullName: string
  username: string
  passwordHash: string
  isEmailVerified: boolean
  timezone: string
  language: string
  status: string
}

/** `.csv`, `.jsonl` or `.ndjson`, packed (`.gz`) or not; refuses with `identity.import_format_unknown`. */
export function formatOf(path: string): UserFormat {
  const extension = /\.(csv|jsonl|ndjson)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase()
  if (extension === undefined) throw errors.importFormatUnknown({ path })
  return extension === 'csv' ? 'csv' : 'jsonl'
}

/** Reads people out of a file; what is refused never shows its text, which has password hashes. */
export function userReader(
  path: string,
  format: UserFormat,
  handlers: { onUser: (user: ImportedUser) => void; onBad: (bad: BadRow) => void },
): RowReader & { hasHead: () => boolean } {
  const refuse = (line: number, column: string, reason: string) => handlers.onBad({ line, column, reason, raw: '' })
  const take = (line: number, record: Record) => {
    try {
      handlers.onUser(readUser(line, record))
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      refuse(line, error.column, error.message)
    }
  }
  let head: Column[] | undefined
  const rows: RowHandlers = {
    onBad: ({ line, reason }) => refuse(line, '', reason),
    onRow: ({ line, values, raw }: FileRow) => {
      if (format === 'jsonl') {
        const record = readJson(raw)
        if (typeof record === 'string') refuse(line, '', record)
        else take(line, record)
      } else if (head === undefined) {
        head = readHead(path, values)
      } else if (values.length !== head.length) {
        refuse(line, '', `has ${values.length} values, the head has ${head.length}`)
      } else {
        take(line, Object.fromEntries(head.map((column, index) => [column, values[index]])))
      }
    },
  }
  const reader = format === 'csv' ? csvReader(rows) : barReader(rows)
  return { ...reader, hasHead: () => format === 'jsonl' || head !== undefined }
}

/** `full_name`, `Full Name` and `fullName` are one. */
const columnByName = new Map(userColumns.map(column => [column.toLowerCase(), column]))
const columnOf = (name: string) => columnByName.get(name.replace(/[\s_-]/g, '').toLowerCase())

function readHead(path: string, names: readonly string[]): Column[] {
  const known = userColumns.join(', ')
  const unknown = names.filter(name => columnOf(name) === undefined).map(name => JSON.stringify(name.slice(0, 50)))
  if (unknown.length > 0) {
    throw errors.importColumnsUnknown({ path, columns: unknown.slice(0, 10).join(', '), known })
  }
  const columns = names.flatMap(name => columnOf(name) ?? [])
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index)
  if (repeated) throw errors.importColumnRepeated({ path, column: repeated })
  if (!columns.includes('email')) throw errors.importEmailMissing({ path })
  return columns
}

function readJson(text: string): Record | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'is no JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no JSON object'
  const record: Record = {}
  for (const [name, member] of Object.entries(value)) {
    const column = columnOf(name)
    if (column === undefined) return `has the unknown member ${JSON.stringify(name.slice(0, 50))}`
    if (column in record) return `has ${column} twice`
    record[column] = member
  }
  return record
}

class Unfit extends Error {
  readonly column: string
  constructor(column: string, reason: string) {
    super(reason)
    this.column = column
  }
}

function readUser(line: number, record: Record): ImportedUser {
  const text = (column: Column, longest: number): string => {
    const value = record[column]
    if (value === undefined || value === null) return ''
    if (typeof value !== 'string') throw new Unfit(column, 'is no text')
    const trimmed = value.trim()
    if (trimmed.length > longest * 2 || [...trimmed].length > longest) {
      throw new Unfit(column, `is longer than ${longest} characters`)
    }
    if (unfit.test(trimmed) || !trimmed.isWellFormed()) throw new Unfit(column, 'has characters that do not show')
    return trimmed
  }
  const fitting = (column: Column, longest: number, pattern: RegExp, reason: string): string => {
    const value = text(column, longest)
    if (value !== '' && !pattern.test(value)) throw new Unfit(column, reason)
    return value
  }
  return {
    line,
    email: readEmail(text('email', 320)),
    fullName: text('fullName', 255),
    username: fitting('username', 50, /^[A-Za-z0-9][A-Za-z0-9._-]{1,49}$/, 'is no user name'),
    passwordHash: readHash(text('passwordHash', 500)),
    isEmailVerified: readBoolean(record.emailVerified),
    timezone: readTimezone(text('timezone', 50)),
    language:
      fitting('language', 35, /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'is no language, such as en or de-CH') || 'en',
    status: fitting('status', 20, /^(active|inactive|suspended)$/, 'is not active, inactive or suspended') || 'active',
  }
}

/** Control characters, ends of lines, and what turns the direction of reading. */
const unfit = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u

function readEmail(text: string): string {
  if (text === '') throw new Unfit('email', 'is missing')
  try {
    return normaliseEmail(text)
  } catch (error) {
    if (error instanceof DomainError) throw new Unfit('email', error.message)
    throw error
  }
}

function readHash(text: string): string {
  if (text === '' || isUsableHash(text)) return text
  throw new Unfit(
    'passwordHash',
    'is neither a hash of Argon2 (PHC form) nor of bcrypt, or one that asks for too much work',
  )
}

function readBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  const word = value === undefined || value === null ? '' : String(value).trim().toLowerCase()
  if (['', 'false', 'f', 'no', '0'].includes(word)) return false
  if (['true', 't', 'yes', '1'].includes(word)) return true
  throw new Unfit('emailVerified', 'is neither true nor false')
}

// A file has few of them, and asking costs more than all the rest of a row.
const knownTimezones = new Map<string, boolean>()

function readTimezone(text: string): string {
  if (text === '') return 'UTC'
  let isKnown = knownTimezones.get(text)
  if (isKnown === undefined) {
    if (knownTimezones.size > 2_000) knownTimezones.clear()
    isKnown = isTimezone(text)
    knownTimezones.set(text, isKnown)
  }
  if (!isKnown) throw new Unfit('timezone', 'is no time zone, such as Europe/Berlin')
  return text
}

function isTimezone(name: string): boolean {
  try {
    requireTimezone(name)
    return true
  } catch (error) {
    if (error instanceof DomainError) return false
    throw error
  }
}
