import { existsSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { Value } from 'typebox/value'
import type { App } from '#platform/app.ts'
import { recordEvent } from '#platform/audit'
import { connectSide, findDangling, type Queryable, type Side, statementsOf } from '#platform/database'
import { DomainError } from '#platform/errors.ts'
import { type Arrival, announceRevocation, documentKeys, settleTravellers, Traveller } from '#platform/identity'
import { linkTo, sendMail } from '#platform/mail'
import { closePortableTenant, isUsedTenantId, openPortableTenant } from '#platform/tenancy'
import { countTenantAnew } from '#platform/usage'
import { openArchive, readRows, type TenantArchive } from './archives.ts'
import { type Contents, membershipsTable, type PortableTable, readContents } from './contents.ts'
import { errors } from './errors.ts'
import { readSchemaVersion } from './exports.ts'
import { findShared, IdMap } from './id-maps.ts'
import { addressesOfErased, eraseFromArrived, notePeople } from './imported-logs.ts'
import { arrivedMail } from './mails.ts'
import { SharedRow } from './manifests.ts'
import { parseObject, parseRow, requireFit } from './row-checks.ts'
import { type ArrivedCounts, findCircle, makePartitions, partitionColumnsOf, RowWriter } from './row-writers.ts'

export type ImportOptions = {
  passphrase?: string | undefined
  /** The tenant's from now on; the archive's unless given. */
  slug?: string | undefined
  name?: string | undefined
  /** The key that must have signed the archive. */
  thumbprint?: string | undefined
  /** Whoever has signed it, without a thumbprint to hold him to. */
  isSignerTrusted?: boolean
  /** Does all of it and takes it back. */
  isDryRun?: boolean
  /** Where rows go that have no place here, as lines of JSON. Never overwritten. */
  rejectsPath: string
  actor: string
  progress?: (line: string) => void
  signal?: AbortSignal
  /** Where a killed program can be: for tests. */
  onStep?: (step: string) => void | Promise<void>
}

export type TenantImport = {
  isDryRun: boolean
  tenant: { id: string; slug: string; name: string }
  from: { installation: string; tenantId: string; exportedAt: string; thumbprint: string }
  rows: number
  rejected: number
  tables: Record<string, ArrivedCounts>
  accounts: { known: number; created: number }
  renewedIds: number
  logEntries: number
  /** Of people who were erased here: accounts that came without what is personal, rows that stayed out, and entries of the log that lost something. */
  erased: { accounts: number; rows: number; logEntries: number }
}

/**
 * Takes the tenant of an archive into the main database, all of it or nothing. The archive is read and checked before a row
 * is written; each row is written with the id of the tenant that is made here, and may lead to nothing but what came with
 * it. Rows that lead to shared rows which this installation does not have are refused one by one and kept in a file.
 */
export async function importTenant(app: App, path: string, options: ImportOptions): Promise<TenantImport> {
  const { rejectsPath, progress = () => {}, signal, onStep } = options
  if (!app.administration) throw errors.unable()
  if (existsSync(rejectsPath)) throw errors.rejectsInTheWay({ path: rejectsPath })
  const archive = await openArchive(path, options.passphrase)
  await requireSigner(app, archive, options)
  progress(`${path}: whole, signed with the key ${archive.thumbprint}`)
  const side = await connectSide({ ...app.administration.admin, application_name: 'commonhold tenant archive' })
  const rejects = rejectsFile(rejectsPath)
  try {
    const contents = await readContents(side, app)
    const version = await readSchemaVersion(side)
    if (archive.manifest.schemaVersion > version) throw errors.newer({ version: archive.manifest.schemaVersion })
    const tables = requireFit(archive.manifest, contents.tables)
    const arriving = await readArriving(side, archive, contents, tables)
    signal?.throwIfAborted()
    if (!options.isDryRun) await makePartitions(side, arriving.months)
    await side.query('begin')
    // Taken back with the rest.
    if (options.isDryRun) await makePartitions(side, arriving.months)
    const imported = await write(app, side, { archive, contents, tables, arriving, rejects, options })
    await onStep?.('written')
    signal?.throwIfAborted()
    await rejects.close()
    await side.query(options.isDryRun ? 'rollback' : 'commit')
    if (options.isDryRun) await rejects.remove()
    app.placements?.forget()
    announceRevocation(app)
    return imported
  } catch (error) {
    await rejects.remove()
    if (signal?.aborted) throw errors.interrupted({}, error)
    throw error
  } finally {
    await side.end().catch(() => {})
  }
}

/**
 * That of the thumbprint, or this installation itself. A dry run shows the key, and what would come: it is taken back anyway.
 */
async function requireSigner(app: App, { path, thumbprint }: TenantArchive, options: ImportOptions): Promise<void> {
  const { thumbprint: wanted, isSignerTrusted = false, isDryRun = false, progress = () => {} } = options
  if (wanted !== undefined && wanted !== thumbprint) throw errors.signedByOther({ thumbprint })
  if (wanted !== undefined || (await documentKeys(app)).has(thumbprint)) return
  if (!isSignerTrusted && !isDryRun) throw errors.signerUnknown({ thumbprint })
  progress(`WARNING: nobody has said whose the key ${thumbprint} is that ${path} is signed with`)
}

/** What has to be known of all rows before the first is written. */
type Arriving = {
  travellers: Traveller[]
  shared: Map<string, SharedRow[]>
  ids: IdMap
  /** Of partitioned tables, the months of which there are rows. */
  months: Map<string, Set<string>>
}

async function readArriving(
  side: Side,
  archive: TenantArchive,
  contents: Contents,
  tables: ReadonlyMap<string, PortableTable>,
): Promise<Arriving> {
  const { manifest } = archive
  const arriving: Arriving = { travellers: [], shared: new Map(), ids: new IdMap(side), months: new Map() }
  const times = await partitionColumnsOf(side, [...tables.values()])
  const columnsOf = new Map(
    manifest.tables.map(({ table, columns }) => [table, new Set(columns.map(each => each.name))]),
  )
  await arriving.ids.begin()
  await readRows(archive, async (section, lines, first) => {
    const parsed = <T>(type: typeof Traveller | typeof SharedRow, table: string): T[] =>
      lines.map((line, index) => {
        const unfit = (reason: string) => errors.rowUnfit({ table, number: first + index, reason })
        const row = parseObject(line, unfit)
        if (!Value.Check(type, row)) throw unfit('it is not as the format says')
        return row as T
      })
    if (section.kind === 'accounts') arriving.travellers.push(...parsed<Traveller>(Traveller, 'accounts'))
    if (section.kind === 'shared') {
      if (!contents.naturalKeys[section.table]) throw errors.tablesUnknown({ what: section.table })
      const known = arriving.shared.get(section.table) ?? []
      arriving.shared.set(section.table, [...known, ...parsed<SharedRow>(SharedRow, section.table)])
    }
    if (section.kind !== 'table') return
    const table = tables.get(section.table)
    if (!table) return
    const time = times.get(table.name)
    for (const [index, line] of lines.entries()) {
      const row = parseRow(table, columnsOf.get(table.name) ?? new Set(), line, first + index)
      await arriving.ids.note(table, row)
      if (time === undefined) continue
      const months = arriving.months.get(table.name) ?? new Set()
      arriving.months.set(table.name, months.add(String(row[time]).slice(0, 7)))
    }
  })
  await arriving.ids.flush()
  const ids = arriving.travellers.map(({ id }) => id)
  const emails = arriving.travellers.flatMap(({ email }) => email ?? [])
  if (new Set(ids).size < ids.length || new Set(emails).size < emails.length)
    throw errors.rowsRefused({ table: 'accounts', reason: 'an account is in them twice' })
  return arriving
}

type Writing = {
  archive: TenantArchive
  contents: Contents
  tables: ReadonlyMap<string, PortableTable>
  arriving: Arriving
  rejects: ReturnType<typeof rejectsFile>
  options: ImportOptions
}

async function write(app: App, side: Side, writing: Writing): Promise<TenantImport> {
  const { archive, contents, tables, arriving, rejects, options } = writing
  const { manifest } = archive
  const { ids, travellers } = arriving
  const id = (await isUsedTenantId(statementsOf(side), manifest.tenant.id)) ? crypto.randomUUID() : manifest.tenant.id
  const { slug = manifest.tenant.slug, name = manifest.tenant.name } = options
  await side.query(
    `select set_config('app.system', 'on', true), set_config('app.tenant_id', $1, true), set_config('app.request', $2, true)`,
    [id, JSON.stringify({ name: options.actor })],
  )
  const tx: Queryable = { ...statementsOf(side), scope: { tenantId: id, system: true, userName: options.actor } }
  await openPortableTenant(tx, { id, name, slug }).catch(error => {
    // Whoever imports can choose another one.
    throw error instanceof DomainError && error.code === 'tenancy.slug_taken'
      ? errors.slugTaken({ slug }, error)
      : error
  })
  ids.known.set(manifest.tenant.id, id)
  const arrivals = await settleTravellers(tx, travellers)
  for (const arrival of arrivals) ids.known.set(arrival.id, arrival.newId)
  await notePeople(side, id, travellers, arrivals)
  const erasedAddresses = await addressesOfErased(side, travellers, arrivals)
  for (const [table, rows] of arriving.shared) {
    const { found, missing } = await findShared(side, table, contents.naturalKeys[table] ?? [], rows)
    for (const [old, here] of found) ids.known.set(old, here)
    for (const [old, key] of missing) ids.missing.set(old, key)
  }
  const renewedIds = await ids.renew(tables.values())

  const writer = new RowWriter(side, {
    tenantId: id,
    ids,
    keyring: app.keyring,
    keep: { name, slug },
    erasedAddresses: new Set(erasedAddresses),
    reject: rejects.add,
  })
  const members = new Set<string>()
  // As a replica: what is written was there before, so that nothing counts, tells or logs it once more.
  await side.query('set local session_replication_role = replica')
  await readRows(archive, async (section, lines) => {
    options.signal?.throwIfAborted()
    if (section.kind === 'log') await writer.writeLog(lines)
    const table = section.kind === 'table' ? tables.get(section.table) : undefined
    if (!table) return
    const columns = manifest.tables.find(each => each.table === table.name)?.columns.map(column => column.name) ?? []
    await writer.write(table, columns, lines)
    options.progress?.(`${table.name}: ${writer.counts[table.name]?.rows ?? 0} rows`)
    if (table.name === membershipsTable) for (const line of lines) members.add(JSON.parse(line).user_id)
    await options.onStep?.(`wrote ${table.name}`)
  })
  await side.query('set local session_replication_role = origin')
  const own = [...tables.values()].filter(({ owner }) => owner === 'tenant_id')
  const faults = await findDangling(side, own, id)
  for (const table of own) faults.push(...(await findCircle(side, table, id)))
  if (faults.length > 0) throw errors.rowsRefused({ table: 'the archive', reason: faults.join('; ') })

  const erasedEntries = await eraseFromArrived(side, id, arrivals, erasedAddresses)
  await countTenantAnew(tx, id)
  if (manifest.tenant.status === 'suspended') await closePortableTenant(tx, id)
  const total = (of: 'rows' | 'rejected') => Object.values(writer.counts).reduce((sum, count) => sum + count[of], 0)
  const imported: TenantImport = {
    isDryRun: options.isDryRun === true,
    tenant: { id, slug, name },
    from: {
      installation: manifest.installation,
      tenantId: manifest.tenant.id,
      exportedAt: manifest.exportedAt,
      thumbprint: archive.thumbprint,
    },
    rows: total('rows'),
    rejected: total('rejected'),
    tables: writer.counts,
    accounts: {
      known: arrivals.filter(({ isNew }) => !isNew).length,
      created: arrivals.filter(({ isNew }) => isNew).length,
    },
    renewedIds,
    logEntries: writer.logEntries,
    erased: {
      accounts: arrivals.filter(({ isErased }) => isErased).length,
      rows: writer.erased,
      logEntries: erasedEntries,
    },
  }
  const { rows, rejected, erased, from } = imported
  await recordEvent(tx, {
    action: 'tenants.imported',
    resource: 'tenancy.tenants',
    resourceId: id,
    details: { ...from, manifest: archive.hash, rows, rejected, erased },
  })
  await tell(app, tx, name, travellers, arrivals, members)
  return imported
}

/** Who got an account here and works in the tenant is told how to come in. */
async function tell(
  app: App,
  tx: Queryable,
  tenantName: string,
  travellers: readonly Traveller[],
  arrivals: readonly Arrival[],
  members: ReadonlySet<string>,
): Promise<void> {
  const fresh = new Map(
    arrivals.flatMap(({ id, newId, isNew, isErased }) => (isNew && !isErased && members.has(id) ? [[id, newId]] : [])),
  )
  for (const { id, kind, email, fullName } of travellers) {
    const userId = fresh.get(id)
    if (userId === undefined || kind !== 'person' || email === null) continue
    const values = { name: fullName ?? email, tenantName, link: linkTo(app, '/forgot-password') }
    await sendMail(app, tx, { to: email, userId, mail: arrivedMail, values })
  }
}

function rejectsFile(path: string) {
  let file: Promise<FileHandle> | undefined
  return {
    async add(table: string, row: string, reason: string): Promise<void> {
      file ??= open(path, 'wx', 0o600)
      await (await file).write(
        `{"table": ${JSON.stringify(table)}, "reason": ${JSON.stringify(reason)}, "row": ${row}}\n`,
      )
    },
    async close(): Promise<void> {
      await (await file)?.close()
    },
    async remove(): Promise<void> {
      if (!file) return
      await (await file).close().catch(() => {})
      await rm(path, { force: true })
    },
  }
}
