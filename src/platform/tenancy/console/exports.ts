import { queryOptions } from '@tanstack/react-query'
import { request } from '#platform/console'

/** As the API tells of it. */
export type Export = {
  id: string
  status: 'waiting' | 'running' | 'done' | 'failed'
  isSealed: boolean
  requestedByName: string | null
  isByOperator: boolean
  tablesDone: number
  tablesTotal: number | null
  rowsDone: number
  fileName: string | null
  byteCount: number
  failure: string | null
  createdAt: string
  expiresAt: string | null
  downloadedAt: string | null
}

export const isUnderWay = ({ status }: Export): boolean => status === 'waiting' || status === 'running'

export const exportsQuery = (path: string) =>
  queryOptions({
    queryKey: ['tenancy', 'exports', path],
    queryFn: ({ signal }) => request<{ items: readonly Export[] }>(path, { signal }),
    refetchInterval: query => (query.state.data?.items.some(isUnderWay) ? 1_500 : false),
  })

export function sizeInWords(bytes: number): string {
  const [unit, size] =
    bytes >= 2 ** 30
      ? (['GB', 2 ** 30] as const)
      : bytes >= 2 ** 20
        ? (['MB', 2 ** 20] as const)
        : (['KB', 2 ** 10] as const)
  return `${(bytes / size).toFixed(1)} ${unit}`
}
