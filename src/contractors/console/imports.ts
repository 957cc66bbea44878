import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { formatCount, type OnTheWire, oneOf, Problem, request, type Search } from '#platform/console'
import type { ImportFile as AnyFile } from '../imports/import-files.ts'
import type { Import as AnyImport } from '../imports/import-listing.ts'

export type Import = OnTheWire<AnyImport>
export type Source = {
  name: string
  title: string
  description: string
  format: 'csv' | 'sam'
  identifies: 'uei' | 'mention'
  isBuiltIn: boolean
  required: readonly string[]
  version?: string
}

type Page = { items: readonly Import[]; nextCursor: string | null }

/** One of the command line whose program has ended never goes on. */
export const isUnderWay = ({ status, isInterrupted, fileId }: Import): boolean =>
  status === 'queued' || (status === 'running' && !(isInterrupted && fileId === null))

/** Looked at again every second and a half while one is under way that began within the day. */
export const importsQuery = ({ status, source }: ImportFilters) =>
  infiniteQueryOptions({
    queryKey: [...allImports, status, source],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      request<Page>('/contractors/imports', {
        query: { limit: 25, cursor: pageParam, status: status || undefined, source: source || undefined },
        signal,
      }),
    getNextPageParam: page => page.nextCursor ?? undefined,
    refetchInterval: query =>
      query.state.data?.pages.some(page =>
        page.items.some(item => isUnderWay(item) && Date.now() - Date.parse(item.startedAt) < 86_400_000),
      )
        ? 1500
        : false,
  })

/** Of every query of imports, however they are filtered. */
export const allImports = ['contractors', 'imports'] as const

/** Empty: whatever it is. */
export type ImportFilters = { status: string; source: string }

export const readImportFilters = (search: Search): ImportFilters => ({
  status: ['queued', 'running', 'done', 'failed'].find(status => status === oneOf(search.status)) ?? '',
  source: oneOf(search.source),
})

export const sourcesQuery = queryOptions({
  queryKey: ['contractors', 'sources'],
  queryFn: ({ signal }) => request<{ items: readonly Source[] }>('/contractors/sources', { signal }),
  staleTime: 300_000,
})

/** What can be told of a file before it is sent: why it is none, or which source has files that begin like it. */
export type Inspection = { fault?: string; source?: Source | undefined }

export async function inspectFile(file: File, sources: readonly Source[]): Promise<Inspection> {
  if (file.size === 0) return { fault: 'The file is empty.' }
  const start = await startOf(file)
  if (start.startsWith('PK\u0003\u0004'))
    return { fault: 'This is a ZIP archive or a workbook. Unpack it, and choose the text file that is in it.' }
  const [line = ''] = start.replace(/^\ufeff/, '').split(/\r?\n/, 1)
  const opening = /^BOF (?:\w+ )?(?:(V\d+) )?\d{8} \d{8} \d+ \d+$/.exec(line)
  if (opening) return { source: sources.find(source => source.version === (opening[1] ?? 'V1')) }
  const columns = new Set(line.split(',').map(column => column.replaceAll('"', '').trim()))
  const [source] = sources
    .filter(({ format, required }) => format === 'csv' && required.every(column => columns.has(column)))
    .sort((one, other) => other.required.length - one.required.length)
  return { source }
}

async function startOf(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.slice(0, 65_536).arrayBuffer())
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes)
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  // Cut off where it was sliced: only what comes first is read.
  const { value } = await reader.read().catch(() => ({ value: undefined }))
  reader.cancel().catch(() => {})
  return new TextDecoder().decode(value)
}

/** How far a file has been sent, so that a second attempt goes on where the first was broken off. */
export type Sending = { file?: File; known?: OnTheWire<AnyFile>; next: number }

/** Sends the file in parts, one that does not arrive again after pauses of a second and more, and has it imported or tried. */
export async function sendImport(
  file: File,
  { source, dryRun }: { source: string; dryRun: boolean },
  sending: Sending,
  onSent: (share: number) => void,
  signal: AbortSignal,
): Promise<Import> {
  if (sending.file !== file || !sending.known) {
    sending.known = await request<OnTheWire<AnyFile>>('/contractors/import-files', {
      method: 'POST',
      body: { fileName: file.name, bytes: file.size },
      signal,
    })
    sending.file = file
    sending.next = 0
  }
  const { id, partSize } = sending.known
  for (; sending.next * partSize < file.size; sending.next++) {
    const start = sending.next * partSize
    onSent(start / file.size)
    const part = file.slice(start, start + partSize, 'application/octet-stream')
    for (let attempt = 1; ; attempt++) {
      try {
        await request(`/contractors/import-files/${id}/parts/${sending.next}`, { method: 'PUT', body: part, signal })
        break
      } catch (error) {
        if (attempt === attempts || signal.aborted || !isPassing(error)) throw error
        await new Promise(resolve => setTimeout(resolve, 1000 * 2 ** (attempt - 1)))
      }
    }
  }
  onSent(1)
  return await startImport({ fileId: id, source, dryRun })
}

const attempts = 4

/** The network, or a server that is being started anew. */
const isPassing = (error: unknown) => error instanceof Problem && (error.status === 0 || error.status >= 500)

export const startImport = (body: { fileId: string; source: string; dryRun: boolean }): Promise<Import> =>
  request<Import>('/contractors/imports', { method: 'POST', body })

/** `3,360 new, 12 changed`: what the rows became, without what there is none of. */
export function rowsInWords({ rows, ended, isDryRun }: Import): string {
  const parts = [
    [rows.inserted, 'new'],
    [rows.updated, 'changed'],
    [rows.unchanged, 'unchanged'],
    [ended, 'ended'],
    [rows.rejected, 'rejected'],
  ] as const
  return `${isDryRun ? 'Would be: ' : ''}${countsInWords(parts) || 'no rows'}`
}

/** `12 new, 1 changed`, without what there is none of. */
export const countsInWords = (parts: readonly (readonly [count: number, word: string])[]): string =>
  parts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${formatCount(count)} ${word}`)
    .join(', ')

/** `4 s` or `3 min 20 s`; of one that is under way, until now. */
export function durationOf({ startedAt, finishedAt }: Import, now = Date.now()): string {
  const end = finishedAt === null ? now : Date.parse(finishedAt)
  const seconds = Math.max(1, Math.round((end - Date.parse(startedAt)) / 1000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
