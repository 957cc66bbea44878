import { Type } from 'typebox'
import { idParams, oneOf, pageOf, pageQuery, Reply, route, uuid } from '#platform/http'
import { inCatalogue } from '../catalogue.ts'
import { ImportFile, openImportFile, partSize, putPart } from './import-files.ts'
import { requestImport } from './import-jobs.ts'
import { getImport, Import, importStatuses, listImports, writeRejects } from './import-listing.ts'
import { allSources } from './sources.ts'

const manage = 'contractors.sources.manage'

const ListedSource = Type.Object({
  name: Type.String(),
  aliases: Type.Array(Type.String()),
  title: Type.String(),
  description: Type.String(),
  format: oneOf(['csv', 'sam']),
  identifies: oneOf(['uei', 'mention'], {
    description: 'Whether its records name a UEI, or a vendor who has to be found',
  }),
  hasAwards: Type.Boolean(),
  required: Type.Array(Type.String(), { description: 'Columns without which a CSV file is not of it' }),
  version: Type.Optional(Type.String({ description: 'Of a SAM extract, as its first line says it' })),
  priority: Type.Integer({ description: 'Of two sources that give a field the higher wins' }),
  isBuiltIn: Type.Boolean({ description: 'Brought by the program, not by this installation' }),
})

export const importRoutes = [
  route({
    method: 'GET',
    path: '/contractors/sources',
    allow: manage,
    summary: 'List the sources that can be imported, the most trusted first',
    response: Type.Object({ items: Type.Array(ListedSource) }),
    handle: async () => ({
      items: allSources().map(source => ({
        name: source.name,
        aliases: [...(source.aliases ?? [])],
        title: source.title,
        description: source.description ?? '',
        format: source.format,
        identifies: source.uei ? ('uei' as const) : ('mention' as const),
        required: [...source.required],
        ...(source.layout && { version: source.layout.version }),
        hasAwards: source.award !== undefined,
        priority: source.priority,
        isBuiltIn: source.isBuiltIn,
      })),
    }),
  }),
  route({
    method: 'GET',
    path: '/contractors/imports',
    allow: manage,
    summary: 'List the imports, the latest first',
    query: Type.Object({
      ...pageQuery,
      source: Type.Optional(Type.String({ maxLength: 50 })),
      status: Type.Optional(oneOf(importStatuses)),
    }),
    response: pageOf(Import),
    handle: ({ query, scope }, app) => listImports(app.db.reads(inCatalogue(scope)), query),
  }),
  route({
    method: 'POST',
    path: '/contractors/import-files',
    allow: manage,
    summary: 'Announce a file that is to be imported',
    description: `Then send it in parts of \`partSize\` bytes, in any order, the last one with what remains:
\`PUT /contractors/import-files/{id}/parts/{number}\`, numbers from 0. A part that failed is sent again. When all are here,
\`POST /contractors/imports\`. The file may be compressed with gzip. It is removed once it has been imported, or after a day.`,
    body: Type.Object({
      fileName: Type.String({ minLength: 1, maxLength: 255 }),
      bytes: Type.Integer({ minimum: 1, maximum: 100_000_000_000 }),
    }),
    status: 201,
    response: ImportFile,
    refusals: ['contractors.import_file_too_large'],
    handle: ({ body, scope }, app) =>
      openImportFile(app.db.scoped(inCatalogue(scope)), body, app.config.importLimit as number),
  }),
  route({
    method: 'PUT',
    path: '/contractors/import-files/{id}/parts/{number}',
    allow: manage,
    summary: 'Send a part of a file',
    params: Type.Object({ id: uuid, number: Type.Integer({ minimum: 0, maximum: 100_000 }) }),
    rawBody: { types: ['application/octet-stream'], limit: partSize },
    response: ImportFile,
    refusals: ['contractors.import_file_not_found', 'contractors.import_part_misfit'],
    handle: ({ params, rawBody, scope }, app) =>
      app.db.transaction(inCatalogue(scope), tx => putPart(tx, params.id, params.number, rawBody)),
  }),
  route({
    method: 'POST',
    path: '/contractors/imports',
    allow: manage,
    summary: 'Import a file that was sent, or try what it would change',
    description:
      'A job does it: ask for the import until it is `done` or `failed`. After a dry run the same file can be imported.',
    body: Type.Object({
      fileId: uuid,
      source: Type.String({ minLength: 1, maxLength: 50 }),
      dryRun: Type.Optional(Type.Boolean()),
    }),
    status: 202,
    response: Import,
    refusals: [
      'contractors.source_unknown',
      'contractors.import_file_not_found',
      'contractors.import_file_unfinished',
      'contractors.import_file_taken',
    ],
    handle: ({ body, scope }, app) =>
      app.db.transaction(inCatalogue(scope), tx => requestImport(tx, { ...body, dryRun: body.dryRun ?? false })),
  }),
  route({
    method: 'GET',
    path: '/contractors/imports/{id}',
    allow: manage,
    summary: 'Get an import, and how far it is',
    params: idParams,
    response: Import,
    refusals: ['contractors.import_not_found'],
    handle: ({ params, scope }, app) => getImport(app.db.reads(inCatalogue(scope)), params.id),
  }),
  route({
    method: 'GET',
    path: '/contractors/imports/{id}/rejects',
    allow: manage,
    summary: 'Fetch the rejected rows of an import',
    description: 'CSV with line, column, reason and the row; the first ten thousand.',
    params: idParams,
    response: Type.Unsafe<Buffer>({}),
    produces: 'text/csv',
    refusals: ['contractors.import_not_found'],
    async handle({ params, scope }, app) {
      const text = await writeRejects(app.db.reads(inCatalogue(scope)), params.id)
      return new Reply(200, Buffer.from(text), {
        headers: {
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': `attachment; filename="rejects-${params.id}.csv"`,
        },
      })
    },
  }),
]
