import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { previewExport, Export as Served } from '../exports/exports.ts'
import type { Format } from '../exports/file.ts'
import type { Page } from './contractors.ts'

export type { Format }
export type Export = OnTheWire<Served>
export type Preview = OnTheWire<Awaited<ReturnType<typeof previewExport>>>

/** Ticked contractors, a list (or ticked contractors of it), or all that a search finds. */
export type ExportSelection =
  | { ids: readonly string[] }
  | { listId: string; ids?: readonly string[] }
  | { search: Readonly<Record<string, unknown>> }

export type ExportWish = {
  format: Format
  selection: ExportSelection
  columns: readonly string[]
  byteOrderMark: boolean
}

/** What the API takes of a selection: an address says nothing by an empty text. */
export function plainSelection(selection: ExportSelection): ExportSelection {
  if (!('search' in selection)) return selection
  const said = Object.entries(selection.search).filter(
    ([, value]) =>
      value !== undefined && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0),
  )
  return { search: Object.fromEntries(said) }
}

export const previewQuery = (selection: ExportSelection) =>
  queryOptions({
    queryKey: ['contractor-exports', 'preview', selection],
    queryFn: ({ signal }) =>
      request<Preview>('/contractor-exports/preview', {
        method: 'POST',
        body: { selection: plainSelection(selection) },
        signal,
      }),
  })

export const askForExport = ({ selection, ...wish }: ExportWish) =>
  request<Export>('/contractor-exports', { method: 'POST', body: { ...wish, selection: plainSelection(selection) } })

export const exportsQuery = infiniteQueryOptions({
  queryKey: ['contractor-exports', 'list'],
  queryFn: ({ pageParam, signal }) =>
    request<Page<Export>>('/contractor-exports', { query: { limit: 50, cursor: pageParam }, signal }),
  initialPageParam: '',
  getNextPageParam: last => last.nextCursor,
  // Looked at each second while one is being made.
  refetchInterval: query => (query.state.data?.pages.some(page => page.items.some(isUnderWay)) ? 1_000 : false),
})

export const deleteExport = (id: string) => request(`/contractor-exports/${id}`, { method: 'DELETE' })

export const isUnderWay = ({ status }: Pick<Export, 'status'>) => status === 'waiting' || status === 'running'

export const fileOf = ({ id }: Pick<Export, 'id'>) => `/api/v1/contractor-exports/${id}/file`

/** The browser saves what comes; the page stays. */
export function startDownload(made: Pick<Export, 'id'>): void {
  const link = document.createElement('a')
  link.href = fileOf(made)
  link.download = ''
  document.body.append(link)
  link.click()
  link.remove()
}

export const formatNames: Readonly<Record<Format, string>> = {
  csv: 'CSV',
  xlsx: 'Excel (XLSX)',
  json: 'JSON',
  pdf: 'PDF',
}

/** `1.2 MB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  const unit = bytes < 1_000_000 ? 'kB' : bytes < 1_000_000_000 ? 'MB' : 'GB'
  const amount = bytes / { kB: 1e3, MB: 1e6, GB: 1e9 }[unit]
  return `${amount.toLocaleString('en-US', { maximumFractionDigits: amount < 10 ? 1 : 0 })} ${unit}`
}
