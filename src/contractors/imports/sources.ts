import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Value } from 'typebox/value'
import { errors } from './import-errors.ts'
import type { CleanRule } from './sources/cleaning.ts'
import { type CodeTable, makeRule } from './sources/rules.ts'
import { type RuleText, type Source, SourceFile } from './sources/source.ts'

const folder = fileURLToPath(new URL('./sources/', import.meta.url))
/** The sources that the program brings, opened when they are first asked for, and those of the installation's own folder. */
let builtIn: { sources: readonly Source[]; tables: ReadonlyMap<string, CodeTable> } | undefined
let own: readonly Source[] = []

function builtInSources(): readonly Source[] {
  if (!builtIn) {
    builtIn = { sources: [], tables: readTables() }
    builtIn.sources = filesOf(folder).map(file => openSource(join(folder, file), true))
    requireDistinct(builtIn.sources)
  }
  return builtIn.sources
}

/** Every source that can be imported, the most trusted first. */
export const allSources = (): readonly Source[] => [...builtInSources(), ...own].sort(byTrust)

/**
 * Adds the sources that an installation describes in a folder of its own, one JSON file each, in the place of those added
 * before; called at the start of the program. A file that is none, or that takes a name which is there, stops the start.
 */
export function addSources(directory: string | undefined): readonly Source[] {
  const found = directory === undefined ? [] : filesOf(directory).map(file => openSource(join(directory, file)))
  requireDistinct([...builtInSources(), ...found])
  own = found
  return own
}

/** The source by its name or another name of it; hyphens and capitals do not matter. */
export function findSource(name: string): Source | undefined {
  const wanted = name.toLowerCase().replaceAll('-', '_')
  return allSources().find(source => source.name === wanted || source.aliases?.includes(wanted))
}

/** The CSV source whose columns are there; of several the one that wants most of them. */
export function findFitting(header: readonly string[]): Source | undefined {
  return allSources()
    .filter(({ format, required }) => format === 'csv' && required.every(column => header.includes(column)))
    .sort((one, other) => other.required.length - one.required.length)[0]
}

/** The source, or a refusal that names those that there are. */
export function requireSource(name: string): Source {
  const source = findSource(name)
  if (!source)
    throw errors.sourceUnknown({
      source: name,
      known: allSources()
        .map(({ name }) => name)
        .join(', '),
    })
  return source
}

/** Of records that speak for a part of a contractor only (an EFT indicator): what their observations name as source. */
export const secondaryName = (source: Pick<Source, 'name'>) => `${source.name}#part`

/** How much a source is trusted with a field, for the fold of observations into profiles: `*` is every other field. */
export const fieldPriorities = (): Record<string, Record<string, number>> =>
  Object.fromEntries(
    allSources().flatMap(source => {
      const main = [source.name, { '*': source.priority, ...source.priorities }] as const
      return source.secondary ? [main, [secondaryName(source), { '*': source.secondary.priority }] as const] : [main]
    }),
  )

/** The names of the sources whose records are actions of awards, with the contractor's UEI. */
export const awardSources = (): string[] =>
  allSources()
    .filter(source => source.award && source.uei)
    .map(source => source.name)

/** Reads a source's file. Refuses one that is none, with everything that is wrong: file, field and what would be right. */
export function openSource(path: string, isBuiltIn = false): Source {
  if (!isBuiltIn) builtInSources()
  const file = basename(path)
  const written = readJson(path)
  const faults = [...Value.Errors(SourceFile, written)]
    .filter(({ keyword }) => keyword !== 'anyOf')
    .map(({ instancePath, message }) => `${fieldAt(instancePath)}: ${message}`)
  if (!Value.Check(SourceFile, written)) {
    if (faults.length === 0) faults.push('its shape is not that of a source.')
    throw errors.sourceInvalid({ file: path, faults: list(faults) })
  }
  const checked = check(written)
  if (checked.faults.length > 0) throw errors.sourceInvalid({ file: path, faults: list(checked.faults) })
  const { fields: _fields, award: _award, mention: _mention, ...rest } = written
  const { fields, award, mention } = checked
  return {
    ...rest,
    required: written.required ?? [],
    fields,
    ...(award && { award }),
    ...(mention && { mention }),
    file: isBuiltIn ? file : resolve(path),
    isBuiltIn,
  } as Source
}

type Rules = Record<string, CleanRule>

function check(source: SourceFile) {
  const faults: string[] = []
  const tables = new Map([...builtIn!.tables, ...Object.entries(source.tables ?? {})])
  const columns = source.layout && new Set([...Object.values(source.layout.columns), endedColumn])
  if (source.format === 'sam' && !source.layout)
    faults.push('layout: the format "sam" needs the version, the count of fields and the columns by position.')
  if (source.format === 'csv' && source.layout) faults.push('layout: only the format "sam" has one; leave it out.')
  if (source.format === 'csv' && !source.required)
    faults.push('required: name the columns without which a file is not of this source.')
  if (!source.uei && !source.mention?.name)
    faults.push('uei: name the column with the UEI, or say in "mention" by what a vendor is found.')
  if (source.uei && source.mention) faults.push('mention: a source with UEIs needs none; leave it out.')
  if (source.uei && source.checks[source.uei] !== 'uei')
    faults.push(`checks.${source.uei}: must be "uei", for it is the column with the UEI.`)
  for (const [position, column] of Object.entries(source.layout?.columns ?? {})) {
    if (Number(position) > source.layout!.fieldCount)
      faults.push(`layout.columns.${position}: there are only ${source.layout!.fieldCount} fields.`)
    if (isForbidden(column)) faults.push(`layout.columns.${position}: DUNS numbers are not imported; leave it out.`)
  }
  const refer = (where: string, column: string) => {
    if (isForbidden(column)) faults.push(`${where}: DUNS numbers are not imported; take another column.`)
    else if (source.omitted?.includes(column)) faults.push(`${where}: the column ${column} is among those left out.`)
    else if (columns && !columns.has(column))
      faults.push(`${where}: the layout has no column ${column}. Add it to "layout.columns", or mend the name.`)
  }
  for (const column of Object.keys(source.checks)) refer(`checks.${column}`, column)
  for (const column of source.key) refer('key', column)
  for (const column of source.required ?? []) refer('required', column)
  refer('observedOn', source.observedOn)
  if (source.secondary) refer('secondary.column', source.secondary.column)
  if (source.hidden) for (const column of [source.hidden.column, ...source.hidden.kept]) refer('hidden', column)
  if (source.ended) refer('ended.column', source.ended.column)
  if (!['date', 'compactDate', 'usDate'].includes(String(source.checks[source.observedOn])))
    faults.push(`checks.${source.observedOn}: must be a kind of date, for it says as of when a record speaks.`)
  const make = (part: 'fields' | 'award' | 'mention'): Rules | undefined => {
    const written = source[part] as Record<string, RuleText> | undefined
    if (!written) return undefined
    const made: Rules = {}
    for (const [field, rule] of Object.entries(written)) {
      const result = makeRule(rule, tables)
      if (typeof result === 'string') faults.push(`${part}.${field}: ${result}`)
      else {
        made[field] = result
        for (const column of result.columns) refer(`${part}.${field}`, column)
      }
    }
    return made
  }
  return { faults, fields: make('fields') ?? {}, award: make('award'), mention: make('mention') }
}

/** Set by the program for records that say no more than that a registration has ended. */
export const endedColumn = 'record_part'

/** DUNS numbers are the property of Dun & Bradstreet: no column of that name is kept, whatever file it comes in. */
export const isForbidden = (column: string) =>
  /(^|[^a-z])duns([^a-z]|$)/i.test(column.replace(/([a-z])([A-Z])/g, '$1_$2'))

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter(file => file.endsWith('.json'))
      .sort()
  } catch (error) {
    throw errors.sourcesUnreadable({ directory, reason: (error as NodeJS.ErrnoException).code ?? String(error) }, error)
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw errors.sourceInvalid(
      { file: path, faults: `  ${code === undefined ? `it is no JSON: ${message}` : `it cannot be read: ${code}`}` },
      error,
    )
  }
}

function readTables(): ReadonlyMap<string, CodeTable> {
  return new Map(
    filesOf(join(folder, 'tables')).map(file => {
      const { name, codes } = readJson(join(folder, 'tables', file)) as { name: string; codes: CodeTable }
      return [name, codes]
    }),
  )
}

function requireDistinct(sources: readonly Source[]): void {
  const owners = new Map<string, Source>()
  for (const source of sources) {
    for (const name of [source.name, ...(source.aliases ?? [])]) {
      const owner = owners.get(name)
      if (owner)
        throw errors.sourceInvalid({
          file: source.file,
          faults: `  name: ${name} is the name of the source in ${owner.file} already; take another.`,
        })
      owners.set(name, source)
    }
  }
}

const byTrust = (one: Source, other: Source) => other.priority - one.priority || (one.name < other.name ? -1 : 1)
const fieldAt = (path: string) => path.slice(1).replaceAll('/', '.') || 'the file'
const list = (faults: readonly string[]) => faults.map(fault => `  ${fault}`).join('\n')
