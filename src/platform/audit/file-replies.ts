import { Readable } from 'node:stream'
import { Reply } from '#platform/http'
import { type ExportFormat, mediaTypes } from './exports.ts'

/** The file as it is made. What goes wrong before its first piece is a refusal still. */
export async function fileReply(
  pieces: AsyncGenerator<{ bytes: Buffer }>,
  format: ExportFormat,
  name: string,
): Promise<Reply<Readable>> {
  const first = await pieces.next()
  async function* bytes() {
    if (!first.done) yield first.value.bytes
    for await (const piece of pieces) yield piece.bytes
  }
  return new Reply(200, Readable.from(bytes()), {
    headers: {
      'content-type': mediaTypes[format],
      'content-disposition': `attachment; filename="${name}.${format}"`,
      'cache-control': 'no-store',
    },
  })
}
