import { queryOptions } from '@tanstack/react-query'
import { type OnTheWire, request } from '#platform/console'
import type { KeyStatus } from '../key-rotation/key-status.ts'
import type { Program } from '../key-rotation/programs.ts'
import type { KeyRotation as AnyRotation } from '../key-rotation/rotations.ts'

export type KeyRotation = OnTheWire<Omit<AnyRotation, 'columns' | 'resumedAt'>>
export type Keys = OnTheWire<Pick<KeyStatus, 'newest' | 'keys' | 'away'>> & {
  programs: readonly OnTheWire<Omit<Program, 'id'>>[]
  rotations: readonly KeyRotation[]
}

export const keysQuery = queryOptions({
  queryKey: ['operations', 'keys'],
  queryFn: ({ signal }) => request<Keys>('/operations/keys', { signal }),
  staleTime: 10_000,
  refetchInterval: query => (query.state.data?.rotations[0]?.status === 'running' ? 2_000 : false),
})

export const beginRotation = () => request<{ toKey: string }>('/operations/key-rotations', { method: 'POST' })
