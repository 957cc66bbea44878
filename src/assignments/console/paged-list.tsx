import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { ErrorState, LoadMore } from '#platform/console'
import classes from './assignments.module.css'

/** A list that comes in pages, whatever has become of it: on its way, failed, empty, there. */
export function PagedList<T>({ query, label, noun, height = 220, empty, foot, children }: PagedListProps<T>) {
  const items = query.data?.pages.flatMap(page => page.items) ?? []
  if (query.isPending)
    return (
      <div role="status" aria-label={`Loading the ${noun}`}>
        <Skeleton height={height} />
      </div>
    )
  if (query.isError && items.length === 0) return <ErrorState error={query.error} retry={() => void query.refetch()} />
  if (items.length === 0) return <div className="panel">{empty}</div>
  return (
    <>
      {foot && (
        <p className="visually-hidden" role="status">
          {foot}
        </p>
      )}
      <div className="panel">
        <ul className={classes.rows} aria-label={label}>
          {items.map(children)}
        </ul>
        <LoadMore query={query} label={`Load more ${noun}`}>
          {foot}
        </LoadMore>
      </div>
    </>
  )
}

type PagedListProps<T> = {
  query: PagedQuery<T>
  label: string
  noun: string
  height?: number
  /** Instead of a list without entries. */
  empty: ReactNode
  /** How many there are in all. */
  foot?: string
  children: (item: T) => ReactNode
}

type PagedQuery<T> = Parameters<typeof LoadMore>[0]['query'] & {
  data: { pages: readonly { items: readonly T[] }[] } | undefined
  isPending: boolean
  isError: boolean
  error: Error | null
  refetch: () => unknown
}
