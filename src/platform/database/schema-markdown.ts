import type { CatalogObject } from './catalog.ts'

/**
 * The database in Markdown (`docs/schema.md`): for each schema a diagram, its tables with columns, constraints, indexes,
 * policies and triggers, its views and functions. The same catalog gives the same text.
 */
export function renderSchemaMarkdown(catalog: readonly CatalogObject[]): string {
  const schemas = Map.groupBy(catalog, ({ schema }) => schema)
  const sections = catalog
    .filter(({ kind }) => kind === 'schema')
    .flatMap(({ schema }) => renderSchema(schema, schemas.get(schema) ?? []))
  return `${[
    '# Database schema',
    'Generated from the database as the migrations leave it. Do not edit. `db/schema.sql` is the same as SQL, with functions and grants.',
    'Month partitions are left out. A line in a diagram leads from one row to its many; lines to `tenancy.tenants` that every tenant-owned table has are left out too.',
    ...sections,
  ].join('\n\n')}\n`
}

function renderSchema(schema: string, objects: readonly CatalogObject[]): string[] {
  const tables = objects.filter(({ kind }) => kind === 'table')
  const views = objects.filter(({ kind }) => kind === 'view')
  return [
    `## ${schema}`,
    commentOn(objects, `schema ${schema}`),
    renderDiagram(schema, objects),
    ...tables.flatMap(table => renderTable(table, objects)),
    ...views.flatMap(view => renderView(view, objects)),
    renderFunctions(objects),
  ].filter(part => part !== '')
}

/** Lines of a diagram beyond which it is split between tables: more cannot be read, and mermaid draws no more than some hundred. */
const mostLines = 40

/** The foreign keys of a schema as Mermaid diagrams, in several parts where there are many; empty where there are none. */
export function renderDiagram(schema: string, objects: readonly CatalogObject[]): string {
  const constraints = objects.filter(({ kind }) => kind === 'constraint')
  const tables = [...Map.groupBy(constraints, ({ relation }) => relation).values()].map(own =>
    own.flatMap(constraint => lineOf(schema, constraint, own, objects)),
  )
  const parts: string[][] = []
  for (const lines of tables) {
    const last = parts.at(-1)
    if (last && last.length + lines.length <= mostLines) last.push(...lines)
    else if (lines.length > 0) parts.push([...lines])
  }
  const diagrams = parts.map(lines => ['```mermaid', 'erDiagram', ...lines, '```'].join('\n'))
  if (diagrams.length < 2) return diagrams.join('')
  return diagrams.map((diagram, at) => `Part ${at + 1} of ${diagrams.length}:\n\n${diagram}`).join('\n\n')
}

function lineOf(
  schema: string,
  constraint: CatalogObject,
  own: readonly CatalogObject[],
  objects: readonly CatalogObject[],
): string[] {
  const key = foreignKeyOf(constraint)
  if (!key || (key.columns.join() === 'tenant_id' && !key.target.startsWith(`${schema}.`))) return []
  const isRequired = key.columns.every(column => isRequiredColumn(objects, constraint.relation, column))
  const isOne = own.some(other => isKeyOf(other, key.columns))
  const label = key.columns.filter(column => column !== 'tenant_id').join(' ') || 'tenant_id'
  const ends = `${isRequired ? '||' : '|o'}--${isOne ? 'o|' : 'o{'}`
  return [`  ${entity(schema, key.target)} ${ends} ${entity(schema, constraint.relation)} : "${plain(label)}"`]
}

/** What mermaid takes as the name of an entity: words as they are, unless it reads them as its own, all else in quotes. */
function entity(schema: string, relation: string): string {
  const name = plain(relation.startsWith(`${schema}.`) ? relation.slice(schema.length + 1) : relation)
  const isWord = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !mermaidWords.has(name.toLowerCase())
  return isWord ? name : `"${name}"`
}

const mermaidWords = new Set(
  'accdescr acctitle class classdef direction erdiagram many one only optionally style title to u zero'.split(' '),
)

/** In quotes mermaid takes neither of these. */
const plain = (text: string): string => text.replace(/["%\\\n]/g, '')

function foreignKeyOf({ create }: CatalogObject): { columns: string[]; target: string } | undefined {
  const [, columns, target] = /FOREIGN KEY \(([^)]+)\) REFERENCES ([\w."]+)\(/.exec(create) ?? []
  return columns && target ? { columns: columns.split(', '), target } : undefined
}

function isKeyOf({ create }: CatalogObject, columns: readonly string[]): boolean {
  const [, key] = /(?:PRIMARY KEY|UNIQUE) \(([^)]+)\)/.exec(create) ?? []
  return key === columns.join(', ')
}

function isRequiredColumn(objects: readonly CatalogObject[], relation: string, name: string): boolean {
  const column = objects.find(({ id }) => id === `column ${relation}.${name}`)
  return column?.create.endsWith(' not null') ?? false
}

function renderTable(table: CatalogObject, objects: readonly CatalogObject[]): string[] {
  const own = objects.filter(({ relation }) => relation === table.relation)
  const of = (kind: string) => own.filter(object => object.kind === kind)
  const columns = of('column').map(({ id, create }) => {
    const name = id.slice(`column ${table.relation}.`.length)
    const meaning = commentOn(own, `column ${table.relation}.${name}`)
    return `| ${cell(code(name))} | ${cell(code(create.slice(name.length + 1)))} | ${cell(meaning)} |`
  })
  const [, partitions] = / (partition by .*);/i.exec(table.create) ?? []
  const constraints = of('constraint').map(({ create }) => `- ${named(create.replace('constraint ', ''))}`)
  const policies = of('policy').map(({ create }) => create)
  const triggers = of('trigger').map(({ create }) => create)
  return [
    `### ${table.relation}`,
    commentOn(own, `table ${table.relation}`),
    ...(partitions ? [`Partitioned: ${code(partitions.toLowerCase())}.`] : []),
    ['| column | definition | meaning |', '|---|---|---|', ...columns].join('\n'),
    constraints.length > 0 ? `Constraints:\n\n${constraints.join('\n')}` : '',
    renderIndexes(own),
    renderRowSecurity(of('row security')[0], policies),
    triggers.length > 0 ? `Triggers:\n\n\`\`\`sql\n${triggers.join('\n')}\n\`\`\`` : '',
  ].filter(part => part !== '')
}

function renderIndexes(own: readonly CatalogObject[]): string {
  const indexes = own
    .filter(({ kind }) => kind === 'index')
    .map(({ create }) => `- ${named(create.replace(/^CREATE (UNIQUE )?INDEX (\S+) ON \S+ /, '$2 $1'))}`)
  return indexes.length > 0 ? `Indexes:\n\n${indexes.join('\n')}` : ''
}

function renderRowSecurity(security: CatalogObject | undefined, policies: readonly string[]): string {
  if (!security) return ''
  const isForced = security.create.includes(' force row level security')
  const title = `Row-level security, ${isForced ? 'forced: for the owner too' : 'not forced'}:`
  return `${title}\n\n\`\`\`sql\n${policies.join('\n')}\n\`\`\``
}

function renderView(view: CatalogObject, objects: readonly CatalogObject[]): string[] {
  return [
    `### ${view.relation} (view)`,
    commentOn(objects, view.id),
    `\`\`\`sql\n${view.create}\n\`\`\``,
    renderIndexes(objects.filter(({ relation }) => relation === view.relation)),
  ].filter(part => part !== '')
}

function renderFunctions(objects: readonly CatalogObject[]): string {
  const rows = objects
    .filter(({ kind, id }) => kind === 'routine' && commentOn(objects, id) !== '')
    .map(({ id }) => `| ${cell(code(id.replace(/^\w+ /, '')))} | ${cell(commentOn(objects, id))} |`)
  return rows.length === 0 ? '' : ['| function | meaning |', '|---|---|', ...rows].join('\n')
}

/** What a comment says, as the catalog has it: a quoted literal at the end of a statement. */
function commentOn(objects: readonly CatalogObject[], what: string): string {
  const statement = objects.find(({ id }) => id === `comment on ${what}`)?.create ?? ''
  const [, text = ''] = / is E?'(.*)';$/s.exec(statement) ?? []
  return text.replaceAll("''", "'").replaceAll('\\\\', '\\')
}

/** `name definition` with both as code. */
function named(text: string): string {
  const end = text.indexOf(' ')
  return `${code(text.slice(0, end))} ${code(text.slice(end + 1).replace(/;$/, ''))}`
}

function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`'
  return `${fence}${text.replace(/\s*\n\s*/g, ' ')}${fence}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
