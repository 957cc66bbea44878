import { isUtf8 } from 'node:buffer'
import { Type } from 'typebox'
import type { BadRow } from '#platform/files'
import { idParams, Reply, route } from '#platform/http'
import { getDomain } from '../domains/domains.ts'
import { participantSheet } from './participant-sheet.ts'
import { exportSheet, importSheet, type Sheet } from './sheets.ts'
import { targetSheet } from './target-sheet.ts'

const count = Type.Integer()
const Report = Type.Object({
  rows: Type.Object({ read: count, inserted: count, updated: count, unchanged: count, rejected: count }),
  rejects: Type.Array(
    Type.Object({ line: Type.Integer(), column: Type.String(), reason: Type.String(), raw: Type.String() }),
    { description: 'The rows that were not taken, at most the first thousand' },
  ),
})
const shownRejects = 1_000

export const fileRoutes = [
  ...routesOf(participantSheet, {
    folder: 'participants',
    read: 'assignments.participants.read',
    write: 'assignments.participants.write',
    taken: 'assignments.participant_reference_taken',
  }),
  ...routesOf(targetSheet, {
    folder: 'targets',
    read: 'assignments.targets.read',
    write: 'assignments.targets.write',
    taken: 'assignments.target_reference_taken',
  }),
]

function routesOf(sheet: Sheet, { folder, read, write, taken }: Record<'folder' | 'read' | 'write' | 'taken', string>) {
  return [
    route({
      method: 'GET',
      path: `/assignment-domains/{id}/${folder}/export`,
      allow: read,
      summary: `Fetch the ${sheet.name} of a domain as CSV`,
      description:
        'In the form in which an import takes them. Text that a spreadsheet would take for a formula has an apostrophe in front of it, which an import takes away again. The audit log keeps who fetched it.',
      params: idParams,
      response: Type.Unsafe<Buffer>({}),
      produces: 'text/csv',
      async handle({ params, scope }, app) {
        const { name, text } = await app.db.transaction(scope, async tx => ({
          name: (await getDomain(tx, params.id)).name,
          text: (await exportSheet(tx, sheet, params.id)).text,
        }))
        return new Reply(200, Buffer.from(text), {
          headers: {
            'content-type': 'text/csv; charset=utf-8',
            'content-disposition': `attachment; filename="${name}-${folder}.csv"`,
          },
        })
      },
    }),
    route({
      method: 'POST',
      path: `/assignment-domains/{id}/${folder}/import`,
      allow: write,
      summary: `Take the ${sheet.name} of a domain from a CSV file`,
      description:
        'Each row is known by its reference: one that is there is changed, others are new, nobody is removed. Columns that the file has not stay as they are, an empty cell means nothing there. Rows that cannot be taken are told, the others are in.',
      params: idParams,
      query: Type.Object({
        dryRun: Type.Optional(Type.Boolean({ description: 'Tells what would change, and changes nothing' })),
      }),
      rawBody: { types: ['text/csv'], limit: 10_000_000 },
      refusals: ['assignments.file_misfit', taken],
      response: Report,
      handle: ({ params, query, rawBody, scope }, app) =>
        app.db.transaction(scope, async tx => {
          await getDomain(tx, params.id)
          const rejects: BadRow[] = []
          const report = await importSheet(tx, sheet, params.id, {
            source: [{ text: rawBody.toString('utf8'), isDamaged: !isUtf8(rawBody) }],
            isTrial: query.dryRun ?? false,
            onBad: bad => {
              if (rejects.length < shownRejects) rejects.push({ ...bad, raw: bad.raw.slice(0, 500) })
            },
          })
          return { ...report, rejects }
        }),
    }),
  ]
}
