import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { formatCount, type OnTheWire, request } from '#platform/console'
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
}

type Page = { items: readonly Import[]; nextCursor: string | null }

export const isUnderWay = ({ status }: Import): boolean => status === 'queued' || status === 'running'

/** Looked at again every second and a half while one is under way that began within the day: a killed one never ends. */
export const importsQuery = infiniteQueryOptions({
  queryKey: ['contractors', 'imports'],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) =>
    request<Page>('/contractors/imports', { query: { limit: 25, cursor: pageParam }, signal }),
  getNextPageParam: page => page.nextCursor ?? undefined,
  refetchInterval: query =>
    query.state.data?.pages.some(page =>
      page.items.some(item => isUnderWay(item) && Date.now() - Date.parse(item.startedAt) < 86_400_000),
    )
      ? 1500
      : false,
})

export const sourcesQuery = queryOptions({
  queryKey: ['contractors', 'sources'],
  queryFn: ({ signal }) => request<{ items: readonly Source[] }>('/contractors/sources', { signal }),
  staleTime: 300_000,
})

/** Sends the file in parts, a failed one up to three times, and has it imported or tried. */
export async function sendImport(
  file: File,
  { source, dryRun }: { source: string; dryRun: boolean },
  onSent: (share: number) => void,
  signal: AbortSignal,
): Promise<Import> {
  const known = await request<OnTheWire<AnyFile>>('/contractors/import-files', {
    method: 'POST',
    body: { fileName: file.name, bytes: file.size },
    signal,
  })
  for (let number = 0; number * known.partSize < file.size; number++) {
    const start = number * known.partSize
    const part = file.slice(start, start + known.partSize, 'application/octet-stream')
    for (let attempt = 1; ; attempt++) {
      try {
        await request(`/contractors/import-files/${known.id}/parts/${number}`, { method: 'PUT', body: part, signal })
        break
      } catch (error) {
        if (attempt === 3 || signal.aborted) throw error
      }
    }
    onSent(Math.min((start + known.partSize) / file.size, 1))
  }
  return await startImport({ fileId: known.id, source, dryRun })
}

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
  const words = parts.filter(([count]) => count > 0).map(([count, word]) => `${formatCount(count)} ${word}`)
  return `${isDryRun ? 'Would be: ' : ''}${words.join(', ') || 'no rows'}`
}

/** `4 s` or `3 min 20 s`. */
export function durationOf({ startedAt, finishedAt }: Import): string | undefined {
  if (finishedAt === null) return undefined
  const seconds = Math.max(1, Math.round((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
