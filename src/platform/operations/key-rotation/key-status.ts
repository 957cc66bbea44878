import type { App } from '#platform/app.ts'
import { asAdministrator } from '../administration.ts'
import { countFilesByKey } from '../backups/key-uses.ts'
import { shelfOfApp } from '../backups/settings.ts'
import { errors } from '../errors.ts'
import { archiveShelfOfApp } from '../retention/settings.ts'
import { type ColumnCount, countValues, encryptedColumnsOf, nameOf } from './encrypted-columns.ts'
import { type KeyRotation, listRotations } from './rotations.ts'
import { findSealedColumns } from './sealed-values.ts'

export type KeyStatus = {
  newest: string
  keys: {
    id: string
    isConfigured: boolean
    isNewest: boolean
    /** Values in all databases that were reached. */
    values: number
    /** Files of our backups, WAL among them. */
    files: number
    /** Files of archived months, which never expire. */
    archives: number
    /** Whether it may be taken out of COMMONHOLD_KEYS; else `reasons` says what keeps it. */
    isRemovable: boolean
    reasons: string[]
  }[]
  columns: (Omit<ColumnCount, 'table'> & { database: string | null })[]
  /** Databases of tenants that could not be asked. */
  away: { name: string; error: string }[]
  /** Where there are encrypted values that no module has declared; undefined unless it was searched for. */
  undeclared?: string[]
  lastRotation: KeyRotation | null
}

/** How many values are under which key, and which keys may be removed (GG-17). `search` reads all tables. */
export async function readKeyStatus(app: App, { search = false } = {}): Promise<KeyStatus> {
  const declared = encryptedColumnsOf(app)
  const columns: KeyStatus['columns'] = []
  const undeclared = new Set<string>()
  const look = async (client: Parameters<typeof countValues>[0], database: string | null) => {
    for (const column of declared) {
      const { table: _, ...count } = await countValues(client, column)
      if (Object.keys(count.keys).length > 0) columns.push({ database, ...count })
    }
    if (!search) return
    const known = new Set(declared.map(({ table, column }) => `${table}.${column}`))
    for (const { column } of await findSealedColumns(client)) if (!known.has(column)) undeclared.add(column)
  }
  await asAdministrator(
    app,
    async (_tx, isAdministrator, client) => {
      if (!isAdministrator || !client) throw errors.rotationNeedsAdministrator()
      await look(client, null)
    },
    { name: 'commonhold keys status', statementTimeout: 0 },
  )
  const away: KeyStatus['away'] = []
  for (const { id, name } of (await app.placements?.list()) ?? []) {
    try {
      await app.placements?.asAdministrator(id, client => look(client, name))
    } catch (error) {
      away.push({ name, error: (error as Error).message })
    }
  }
  return {
    newest: app.keyring.newestKeyId,
    keys: keysOf(app, columns, away),
    columns,
    away,
    ...(search && { undeclared: [...undeclared].sort() }),
    lastRotation: (await listRotations(app, 1))[0] ?? null,
  }
}

/** What is declared, by name, for a test and for the documents. */
export const declaredColumns = (app: Pick<App, 'modules'>): string[] => encryptedColumnsOf(app).map(nameOf)

function keysOf(app: App, columns: KeyStatus['columns'], away: KeyStatus['away']): KeyStatus['keys'] {
  const { keyring } = app
  const backups = countFilesByKey(shelfOfApp(app).folder)
  const archived = countFilesByKey(archiveShelfOfApp(app).folder)
  const found = columns.flatMap(({ keys }) => Object.keys(keys)).filter(id => id !== 'none')
  const ids = [...new Set([...keyring.keyIds, ...found, ...backups.keys(), ...archived.keys()])]
  return ids.map(id => {
    const values = columns.reduce((total, { keys }) => total + (keys[id] ?? 0), 0)
    const files = backups.get(id) ?? 0
    const archives = archived.get(id) ?? 0
    const isNewest = id === keyring.newestKeyId
    const isConfigured = keyring.keyIds.includes(id)
    const reasons = [
      ...(isNewest ? ['It encrypts what is written now.'] : []),
      ...(values > 0 && !isNewest ? [`${values} values are under it: commonhold keys rotate.`] : []),
      ...(files > 0 ? [`${files} files of backups can be opened with it alone, until they have expired.`] : []),
      ...(archives > 0 ? [`${archives} files of archives can be opened with it alone, and are kept for good.`] : []),
      ...(away.length > 0 && !isNewest ? [`${away.map(({ name }) => name).join(', ')} could not be asked.`] : []),
    ]
    return {
      id,
      isConfigured,
      isNewest,
      values,
      files,
      archives,
      isRemovable: isConfigured && reasons.length === 0,
      reasons,
    }
  })
}
