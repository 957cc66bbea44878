import type { Resources } from '#platform/console'
import type { AuditLog } from './audit-logs.ts'

/** A row that a sentence is about; `name` is what the entry itself tells. */
export type Reference = { resource: string; id: string; name: string | undefined }
export type Part = { who: true } | { text: string } | { value: string } | { reference: Reference }

/** An entry as a sentence; where a word of the module's own sentence is not known, in general terms. */
export function tell(entry: AuditLog, resources: Resources): Part[] {
  const own = entry.resource ? resources[entry.resource]?.sentences?.[entry.action] : undefined
  const told = own === undefined ? undefined : fill(own, entry, resources)
  return told ?? fill(general(entry), entry, resources) ?? []
}

function general({ action, resource, resourceId }: AuditLog): string {
  const what = resource ? `the {noun}${resourceId ? ' {this}' : ''}` : ''
  if (action === 'insert') return `{who} added ${what}`
  if (action === 'update') return `{who} changed {columns} of ${what}`
  if (action === 'delete') return `{who} deleted ${what}`
  return `{who}: {action}${what && `, ${what}`}`
}

function fill(sentence: string, entry: AuditLog, resources: Resources): Part[] | undefined {
  const parts: Part[] = []
  for (const [, text = '', word] of sentence.matchAll(/([^{]*)(?:\{(\w+)\})?/g)) {
    if (text) parts.push({ text })
    if (!word) continue
    const part = partOf(word, entry, resources)
    if (!part) return
    parts.push(part)
  }
  return parts
}

function partOf(word: string, entry: AuditLog, resources: Resources): Part | undefined {
  const { resource, resourceId, action } = entry
  if (word === 'who') return { who: true }
  if (word === 'noun') return { text: nounOf(resource ?? '', resources) }
  if (word === 'action') return { text: action.split('.').at(-1)?.replaceAll('_', ' ') ?? action }
  if (word === 'columns') return { text: listColumns(entry, resources) }
  if (word === 'this') {
    return resource && resourceId ? { reference: { resource, id: resourceId, name: nameIn(entry) } } : undefined
  }
  const refers = resources[resource ?? '']?.refers?.[word]
  const value = textIn(entry, word)
  if (!value) return
  return refers ? { reference: { resource: refers, id: value, name: undefined } } : { value }
}

/** `the note, rating and tags`; what people do not read about is not counted. */
function listColumns(entry: AuditLog, resources: Resources): string {
  const columns = readable(entry, resources).map(column => wordFor(column, entry.resource, resources))
  const [last, ...others] = columns.toReversed()
  if (!last) return 'technical details'
  if (others.length === 0) return `the ${last}`
  if (others.length > 3) return `${columns.length} things`
  return `the ${others.toReversed().join(', ')} and ${last}`
}

/** The changed columns that tell people something: no ids, no times of writing, no empty defaults. */
export function readable({ changes, resource, action }: AuditLog, resources: Resources): string[] {
  const description = resources[resource ?? '']
  return Object.entries(changes ?? {})
    .filter(
      ([column, values]) =>
        (!isTechnical(column) || description?.columns?.[column] !== undefined) &&
        !description?.technical?.includes(column) &&
        !(description?.refers && column in description.refers) &&
        (action === 'update' || ![values.old, values.new].every(isEmpty)),
    )
    .map(([column]) => column)
}

/** Ids and the times at which rows are written, as the document names them. */
const isTechnical = (column: string) =>
  /^id$|_id$|_by$|^(created|updated|added|shared|joined|replaced)_at$/.test(column)

export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** `list`; of a table that no module describes its name. */
export function nounOf(resource: string, resources: Resources): string {
  return resources[resource]?.noun ?? (resource.split('.').at(-1) ?? resource).replaceAll('_', ' ')
}

/** `visibility` for `is_public`; where no module has a word, the column's name. */
export function wordFor(column: string, resource: string | null, resources: Resources): string {
  return resources[resource ?? '']?.columns?.[column] ?? column.replace(/^is_/, '').replaceAll('_', ' ')
}

/** What the entry calls its row: the name it has then, or had. */
export function nameIn(entry: AuditLog): string | undefined {
  return ['name', 'full_name', 'friendly_name', 'email'].map(column => textIn(entry, column)).find(Boolean)
}

function textIn({ changes, details }: AuditLog, column: string): string | undefined {
  const value = changes?.[column]?.new ?? details?.[column] ?? changes?.[column]?.old
  return typeof value === 'string' && value !== '[redacted]' ? value : undefined
}

export type Remembered = ReadonlyMap<string, { name: string | undefined; isGone: boolean }>

/** What entries, newest first, tell of rows that others only refer to: their newest names, and that they are gone. */
export function rememberRows(entries: readonly AuditLog[]): Remembered {
  const rows = new Map<string, { name: string | undefined; isGone: boolean }>()
  for (const entry of entries) {
    const key = `${entry.resource}/${entry.resourceId}`
    const row = rows.get(key)
    rows.set(key, { name: row?.name ?? nameIn(entry), isGone: row?.isGone ?? entry.action === 'delete' })
  }
  return rows
}
