import { errorTable } from '#platform/errors.ts'
import { csvReader, fileErrors, openTextFile } from '#platform/files'
import type { Mention } from './scoring.ts'

const errors = errorTable('contractors', {
  namesMissing: ['invalid', 'The file {path} has no column of names; known are {known}.'],
})

/** The columns of a file of vendors, each under any of these names; of them only the name is needed. */
export const mentionColumns = {
  id: ['id', 'mention_id'],
  name: ['name', 'vendor', 'vendor_name', 'typed_vendor', 'listed_vendor'],
  street: ['street', 'address', 'address_line_1'],
  city: ['city'],
  state: ['state'],
  zipCode: ['zip', 'zip5', 'zip_code'],
  country: ['country'],
  cageCode: ['cage', 'cage_code'],
  firstSeen: ['first_seen', 'first_signed'],
  lastSeen: ['last_seen', 'last_signed'],
} as const

/**
 * The vendors in a CSV file (RFC 4180, perhaps compressed) by the names of its columns; without an id the number of the
 * line. Lines without a name are left out. Refuses a file that has no column of names or a row that cannot be read.
 */
export async function readMentionFile(path: string): Promise<Mention[]> {
  const input = await openTextFile(path)
  const mentions: Mention[] = []
  let places: Record<keyof typeof mentionColumns, number> | undefined
  const reader = csvReader({
    onBad: ({ line, reason }) => {
      throw fileErrors.unreadable({ path, reason: `line ${line}: ${reason}` })
    },
    onRow: ({ line, values }) => {
      if (!places) {
        places = placesOf(values)
        if (places.name < 0) throw errors.namesMissing({ path, known: mentionColumns.name.join(', ') })
        return
      }
      const at = (column: keyof typeof mentionColumns) => values[places![column]]?.trim() || undefined
      const name = at('name')
      if (name === undefined) return
      mentions.push({
        id: at('id') ?? String(line),
        name,
        street: at('street'),
        city: at('city'),
        state: at('state'),
        zipCode: at('zipCode'),
        country: at('country'),
        cageCode: at('cageCode'),
        firstSeen: at('firstSeen'),
        lastSeen: at('lastSeen'),
      })
    },
  })
  for await (const { text, isDamaged } of input.pieces()) reader.push(text, isDamaged)
  reader.end()
  return mentions
}

function placesOf(header: readonly string[]) {
  const names = header.map(name => name.trim().toLowerCase())
  const places = Object.entries(mentionColumns).map(([column, known]) => [
    column,
    names.findIndex(name => (known as readonly string[]).includes(name)),
  ])
  return Object.fromEntries(places) as Record<keyof typeof mentionColumns, number>
}
