import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import { idParams, oneOf, type Principal, pageOf, pageQuery, route } from '#platform/http'
import { errors } from './export-errors.ts'
import { deleteExport, Export, ExportRequest, getExport, listExports, previewExport, requestExport } from './exports.ts'
import { openFile } from './files.ts'
import { Selection } from './selections.ts'

const run = 'contractors.exports.run'

export const exportRoutes = [
  route({
    method: 'GET',
    path: '/contractor-exports',
    allow: run,
    summary: 'List your exports, the latest first',
    query: Type.Object(pageQuery),
    response: pageOf(Export),
    handle: ({ query, scope }, app) => listExports(app.db.reads(scope), query),
  }),
  route({
    method: 'POST',
    path: '/contractor-exports',
    allow: run,
    summary: 'Export contractors to a file',
    description: `Of \`selection\` one of \`ids\`, \`search\` and \`listId\`; \`ids\` may narrow a list. Up to 1,000 contractors
(100 in a PDF) are written at once, and the answer has the status \`done\`. More are written by a job: ask for the export
until it is \`done\`. The file can be fetched for 24 hours, by you alone. CSV, XLSX and JSON hold up to 1,000,000 rows, a PDF
2,000. Which contractors a search finds, and in which order, is of one moment; what is known of them, and the items of a list,
are read 1,000 at a time, each time as they then are. Contractors who did not agree to be shown are in no export.`,
    body: ExportRequest,
    refusals: [
      'contractors.export_selection_unclear',
      'contractors.export_too_large',
      'contractors.export_too_wide',
      'contractors.export_column_unknown',
      'contractors.exports_too_many',
      'contractors.exports_under_way',
      'contractors.export_not_permitted',
      'contractors.list_not_found',
      'usage.monthly_quota_exceeded',
    ],
    status: 201,
    rateLimit: 60,
    response: Export,
    async handle({ body, principal, scope }, app) {
      requireReading(principal, body.selection)
      return await requestExport(app, scope, body)
    },
  }),
  route({
    method: 'POST',
    path: '/contractor-exports/preview',
    allow: run,
    summary: 'Ask what an export would hold',
    description:
      'Its columns with those that are in it unless told, how many rows, and the most that each format takes.',
    body: Type.Object({ selection: Selection }),
    refusals: [
      'contractors.export_selection_unclear',
      'contractors.export_not_permitted',
      'contractors.list_not_found',
    ],
    response: Type.Object({
      title: Type.String(),
      filters: Type.Array(Type.String()),
      rows: Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'Null: more than 10,000' }),
      columns: Type.Array(
        Type.Object({
          key: Type.String(),
          label: Type.String(),
          of: oneOf(['contractor', 'item']),
          isDefault: Type.Boolean(),
          isInDocuments: Type.Boolean(),
        }),
      ),
      limits: Type.Object({
        csv: Type.Integer(),
        xlsx: Type.Integer(),
        json: Type.Integer(),
        pdf: Type.Integer(),
        pdfColumns: Type.Integer(),
      }),
    }),
    async handle({ body, principal, scope }, app) {
      requireReading(principal, body.selection)
      return await previewExport(app, scope, body.selection)
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-exports/{id}',
    allow: run,
    summary: 'Get an export, and how far it is',
    params: idParams,
    response: Export,
    handle: ({ params, scope }, app) => getExport(app.db.reads(scope), params.id),
  }),
  route({
    method: 'DELETE',
    path: '/contractor-exports/{id}',
    allow: run,
    summary: 'Cancel an export, or delete its file',
    params: idParams,
    status: 204,
    response: Type.Null(),
    async handle({ params, scope }, app) {
      await deleteExport(app.db.scoped(scope), params.id)
      return null
    },
  }),
  route({
    method: 'GET',
    path: '/contractor-exports/{id}/file',
    allow: run,
    summary: 'Fetch the file of an export',
    description: `Only by whom it was made for, signed in or with a key of his, and only while he may read what is in it:
there is no address that opens it for anybody else. Answers a \`Range\` with that part of it.`,
    params: idParams,
    response: Type.Unsafe<Readable>({}),
    produces: 'application/octet-stream',
    refusals: ['contractors.export_unfinished', 'contractors.export_not_permitted', 'contractors.list_not_found'],
    async handle({ params, headers, principal, scope }, app) {
      const { range, 'if-range': ifRange } = headers
      const one = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header)
      return await openFile(app, scope, params.id, {
        range: one(range),
        ifRange: one(ifRange),
        mayRead: selection => requireReading(principal, selection),
      })
    },
  }),
]

/** Whoever exports may read it: a role may have the one without the other, and an API key less than its user. */
function requireReading({ permissions }: Principal, { listId }: Selection): void {
  if (!permissions.has('contractors.profiles.read')) throw errors.exportNotPermitted({ what: 'contractors' })
  if (listId !== undefined && !permissions.has('contractors.lists.read'))
    throw errors.exportNotPermitted({ what: 'lists' })
}
