import { Button, NativeSelect, Skeleton, Text, TextInput, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { EmptyState, ErrorState, LoadMore, PageLink, ScrollRegion, useAddress } from '#platform/console'
import classes from './data.module.css'
import { type BrowsedTable, type Look, readLook, rowsQuery, tablesQuery, tenantsQuery } from './data.ts'
import { FoundField } from './found-field.tsx'
import { Loaded } from './loaded.tsx'
import { OperationsFrame } from './operations-frame.tsx'
import { neighboursOf, relationsOf } from './relations.ts'
import { RelationsDrawing } from './relations-drawing.tsx'

/** GG-14: the tables and where their keys lead, and the rows of one of them in a workspace's scope. */
export function Page() {
  const query = useQuery(tablesQuery)
  return (
    <OperationsFrame lead="Read only. Secrets are left out, and each look is in the audit log of the workspace.">
      <Loaded query={query} label="Loading the tables">
        {({ items }) => <Browser tables={items} />}
      </Loaded>
    </OperationsFrame>
  )
}

function Browser({ tables }: { tables: readonly BrowsedTable[] }) {
  const [look, change] = useAddress(readLook)
  const schemas = [...new Set(tables.map(({ schema }) => schema))]
  const schema = schemas.includes(look.schema) ? look.schema : (schemas[0] ?? '')
  const table = tables.find(({ name }) => name === look.table)
  return (
    <div className={classes.stack}>
      <div className={`panel ${classes.choices}`}>
        <TenantField value={look.tenant} onChange={tenant => change({ tenant })} />
        <NativeSelect
          label="Module"
          data={schemas}
          value={schema}
          onChange={event => change({ schema: event.currentTarget.value, table: '', column: '', match: '', value: '' })}
        />
        <NativeSelect
          label="Table"
          data={[
            { value: '', label: 'All, as a diagram' },
            ...tables
              .filter(each => each.schema === schema)
              .map(({ name }) => ({ value: name, label: shortName(name) })),
          ]}
          value={table?.name ?? ''}
          onChange={event => change({ table: event.currentTarget.value, schema, column: '', match: '', value: '' })}
        />
      </div>
      {table ? (
        <>
          <Neighbours table={table} tables={tables} tenant={look.tenant} />
          <TableRows key={`${table.name} ${look.tenant}`} table={table} look={look} change={change} />
        </>
      ) : (
        <Diagram tables={tables} schema={schema} tenant={look.tenant} />
      )}
    </div>
  )
}

function TenantField({ value, onChange }: { value: string; onChange: (tenant: string) => void }) {
  return (
    <FoundField
      label="Workspace"
      placeholder="Whose rows"
      nothingFoundMessage="No such workspace"
      search={tenantsQuery}
      value={value}
      onChange={onChange}
    />
  )
}

type LookProps = { table: BrowsedTable; look: Look; change: (change: Partial<Look>) => void }

function TableRows({ table, look, change }: LookProps) {
  const query = useInfiniteQuery(rowsQuery(look))
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? []
  return (
    <section className={`panel ${classes.part}`} aria-labelledby="table-title">
      <Title order={2} size="h4" id="table-title">
        {table.name}
      </Title>
      {table.comment && (
        <Text size="sm" c="dimmed">
          {table.comment}
        </Text>
      )}
      <Filter table={table} look={look} change={change} />
      {look.tenant === '' ? (
        <EmptyState icon="search" title="Choose a workspace">
          Rows are shown as that workspace’s own queries see them.
        </EmptyState>
      ) : query.isPending ? (
        <div role="status" aria-label="Loading the rows">
          <Skeleton height={200} />
        </div>
      ) : query.isError && rows.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyState icon="search" title="No rows">
          {look.column ? 'No row of this workspace fits the filter.' : 'This workspace has none in this table.'}
        </EmptyState>
      ) : (
        <>
          <ScrollRegion label={`Rows of ${table.name}`}>
            <table className="data">
              <thead>
                <tr>
                  {table.columns.map(({ name, type, comment }) => (
                    <th key={name} title={comment ? `${type}: ${comment}` : type}>
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: rows are only ever added at the end
                  <tr key={at}>
                    {table.columns.map(({ name, type }, column) => (
                      <td key={name}>
                        <Cell value={row[column] ?? null} label={name} isJson={type.startsWith('json')} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollRegion>
          <LoadMore query={query} label="More rows">
            {rows.length === 1 ? 'One row' : `All ${rows.length} rows`}
          </LoadMore>
        </>
      )}
    </section>
  )
}

function Filter({ table, look, change }: LookProps) {
  const [column, setColumn] = useState(look.column)
  const [match, setMatch] = useState(look.match)
  const [value, setValue] = useState(look.value)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change({ column, match: column ? match : '', value: column ? value : '' })
  }
  return (
    <form onSubmit={submit} className={classes.filter}>
      <NativeSelect
        label="Filter by"
        data={[
          { value: '', label: 'No filter' },
          ...table.columns.filter(({ isRedacted }) => !isRedacted).map(({ name }) => ({ value: name, label: name })),
        ]}
        value={column}
        onChange={event => setColumn(event.currentTarget.value)}
      />
      <NativeSelect
        label="How"
        data={[
          { value: 'equals', label: 'is' },
          { value: 'prefix', label: 'begins with' },
          { value: 'empty', label: 'is empty' },
        ]}
        value={match}
        disabled={column === ''}
        onChange={event => setMatch(event.currentTarget.value)}
      />
      <TextInput
        label="Value"
        maxLength={1000}
        value={value}
        disabled={column === '' || match === 'empty'}
        onChange={event => setValue(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Show
      </Button>
    </form>
  )
}

/** Long values and JSON open on demand. */
function Cell({ value, label, isJson }: { value: string | null; label: string; isJson: boolean }) {
  if (value === null) return <span className={classes.empty}>null</span>
  if (!isJson && value.length <= 80) return <span className={classes.value}>{value}</span>
  const short = value.replace(/\s+/g, ' ')
  if (short.length <= 40) return <code className={classes.value}>{short}</code>
  return (
    <details>
      <summary aria-label={`${label}, the whole value`}>{short.slice(0, 40)}…</summary>
      <pre className={classes.whole}>{value}</pre>
    </details>
  )
}

/** Tables drawn on each side of one. */
const mostNeighbours = 12

/** What the table refers to and what refers to it: from there one walks on. */
function Neighbours({ table: { name }, tables, tenant }: NeighboursProps) {
  const { names, relations, left } = neighboursOf(name, tables, mostNeighbours)
  const to = addressOf(tenant)
  if (names.length === 1) return null
  return (
    <section className={`panel ${classes.part}`} aria-label={`Around ${name}`}>
      <RelationsDrawing
        key={name}
        title={`Diagram of ${name}`}
        names={names}
        relations={relations}
        current={name}
        to={to}
      />
      {left.length > 0 && (
        <details className={classes.keys}>
          <summary>{left.length} more</summary>
          <ul className={classes.more}>
            {left.map(other => (
              <li key={other}>
                <PageLink to="/operations/data" search={to(other)}>
                  {other}
                </PageLink>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

type NeighboursProps = { table: BrowsedTable; tables: readonly BrowsedTable[]; tenant: string }

const addressOf = (tenant: string) => (table: string) => ({ table, ...(tenant && { tenant }) })

/** The tables of a module that keys join, as they hang together. */
function Whole({
  tables,
  schema,
  to,
}: {
  tables: readonly BrowsedTable[]
  schema: string
  to: ReturnType<typeof addressOf>
}) {
  const relations = relationsOf(tables)
  const joined = new Set(relations.filter(({ from, to }) => from !== to).flatMap(({ from, to }) => [from, to]))
  if (joined.size === 0) return null
  const names = tables.map(({ name }) => name).filter(name => joined.has(name))
  return (
    <div className={`panel ${classes.part} ${classes.joined}`}>
      <RelationsDrawing title={`Diagram of ${schema}`} names={names} relations={relations} to={to} />
    </div>
  )
}

/** A module as a drawing, and a box for each of its tables with where its keys lead, to other modules too. */
function Diagram({ tables, schema, tenant }: { tables: readonly BrowsedTable[]; schema: string; tenant: string }) {
  const own = tables.filter(table => table.schema === schema)
  const to = addressOf(tenant)
  return (
    <section aria-labelledby="diagram-title">
      <Title order={2} size="h4" id="diagram-title" mb={8}>
        {schema}: {own.length === 1 ? 'one table' : `${own.length} tables`}
      </Title>
      <Whole tables={own} schema={schema} to={to} />
      <ul className={classes.boxes}>
        {own.map(({ name, comment, columns, references }) => {
          const from = tables.filter(other => other.references.some(({ table }) => table === name))
          return (
            <li key={name} className={`panel ${classes.box}`}>
              <Title order={3} size="h5">
                <PageLink to="/operations/data" search={to(name)}>
                  {shortName(name)}
                </PageLink>
              </Title>
              {comment && (
                <Text size="xs" c="dimmed" lineClamp={3}>
                  {comment}
                </Text>
              )}
              <Text size="xs" mt={6}>
                Key:{' '}
                {columns
                  .filter(({ isKey }) => isKey)
                  .map(column => column.name)
                  .join(', ') || 'none'}
                ; {columns.length} columns
              </Text>
              {references.length > 0 && (
                <ul className={classes.keys} aria-label={`Keys of ${name}`}>
                  {references.map(({ columns: key, table }) => (
                    <li key={`${key.join()} ${table}`}>
                      {key.join(', ')} {'→ '}
                      <PageLink to="/operations/data" search={to(table)}>
                        {table}
                      </PageLink>
                    </li>
                  ))}
                </ul>
              )}
              {from.length > 0 && (
                <details className={classes.keys}>
                  <summary>{from.length === 1 ? 'One table refers' : `${from.length} tables refer`} to it</summary>
                  <ul className={classes.keys}>
                    {from.map(other => (
                      <li key={other.name}>
                        <PageLink to="/operations/data" search={to(other.name)}>
                          {other.name}
                        </PageLink>
                      </li>
                    ))}
                  </ul>
                </details>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

const shortName = (name: string) => name.slice(name.indexOf('.') + 1)
