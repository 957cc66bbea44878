import { Skeleton } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorState } from '#platform/console'

/** What was asked for, once it is there; before that its outline, or why it is not and a way to try again. */
export function Loaded<T>({ query, label, children }: LoadedProps<T>) {
  if (query.isPending)
    return (
      <div role="status" aria-label={label}>
        <Skeleton height={90} mb="md" />
        <Skeleton height={320} />
      </div>
    )
  if (query.data === undefined) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  return children(query.data)
}

type LoadedProps<T> = {
  query: UseQueryResult<T>
  /** What is under way meanwhile: `Loading the backups`. */
  label: string
  children: (data: T) => ReactNode
}
