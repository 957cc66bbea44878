import { Type } from 'typebox'
import { nullable, oneOf, pageQuery, route, uuid } from '#platform/http'
import { listTenants } from '#platform/tenancy'
import { browseRows, matches } from './rows.ts'
import { listBrowsedTables } from './tables.ts'

const allow = 'operations.data.read'
const text = Type.String()
const name = Type.String({ maxLength: 130 })

const Table = Type.Object({
  name: text,
  schema: text,
  comment: nullable(text),
  hasTenant: Type.Boolean({ description: 'Whether each row belongs to a tenant' }),
  isPlaced: Type.Boolean({ description: 'Whether it is in the tenant’s own database where it has one' }),
  columns: Type.Array(
    Type.Object({
      name: text,
      type: text,
      comment: nullable(text),
      isRequired: Type.Boolean(),
      isKey: Type.Boolean(),
      isRedacted: Type.Boolean({ description: 'Its values are neither shown nor filtered by' }),
    }),
  ),
  references: Type.Array(Type.Object({ columns: Type.Array(text), table: text, referred: Type.Array(text) })),
})

/** GG-14: a look at the data, for operators. */
export const dataRoutes = [
  route({
    method: 'GET',
    path: '/operations/data/tables',
    allow,
    summary: 'List the tables of the modules, with their columns and where their keys lead',
    response: Type.Object({ items: Type.Array(Table) }),
    handle: async (_request, app) => ({ items: await listBrowsedTables(app) }),
  }),
  route({
    method: 'GET',
    path: '/operations/data/tenants',
    allow,
    summary: 'Find the workspace whose data to look at, by the beginnings of words of its name or slug',
    query: Type.Object({ q: Type.Optional(Type.String({ maxLength: 100 })) }),
    response: Type.Object({ items: Type.Array(Type.Object({ id: uuid, name: text, slug: text })) }),
    async handle({ query }, app) {
      const { items } = await app.db.transaction({ system: true }, tx => listTenants(tx, query, { limit: 50 }))
      return { items: items.map(({ id, name, slug }) => ({ id, name, slug })) }
    },
  }),
  route({
    method: 'GET',
    path: '/operations/data/rows',
    allow,
    summary: 'List rows of a table as they are seen in a tenant’s scope',
    description:
      'Read only. Secrets are redacted, long values cut. That it was looked at, with the filter, is in the audit log of that tenant.',
    query: Type.Object({
      ...pageQuery,
      tenantId: uuid,
      table: name,
      column: Type.Optional(name),
      match: Type.Optional(oneOf(matches, { description: '`equals` unless told' })),
      value: Type.Optional(Type.String({ maxLength: 1_000 })),
    }),
    refusals: [
      'operations.table_unknown',
      'tenancy.tenant_not_found',
      'operations.column_unknown',
      'operations.column_redacted',
      'operations.value_unfit',
      'operations.rows_too_slow',
      'operations.rows_closed',
      'http.cursor_invalid',
    ],
    response: Type.Object({
      table: Table,
      items: Type.Array(Type.Array(nullable(text)), {
        description: 'Values as PostgreSQL writes them, in the order of the columns',
      }),
      nextCursor: nullable(text),
    }),
    handle: ({ query, scope }, app) => browseRows(app, scope, query),
  }),
]
