import { Skeleton, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { EmptyState, ErrorState, type IconName, ScrollRegion } from '#platform/console'
import classes from './profile.module.css'

/** A titled part of a section, in a frame of its own. */
export function Part({ title, note, actions, children, level = 2 }: PartProps) {
  const id = useId()
  return (
    <section className={`panel ${classes.part}`} aria-labelledby={id}>
      <div className={classes.partHead}>
        <div>
          <Title order={level} size="h4" id={id}>
            {title}
          </Title>
          {note && (
            <Text size="sm" c="dimmed" mt={2} component="div">
              {note}
            </Text>
          )}
        </div>
        {actions}
      </div>
      {children}
    </section>
  )
}

type PartProps = { title: ReactNode; note?: ReactNode; actions?: ReactNode; children: ReactNode; level?: 2 | 3 }

/** What is asked for once it has come; while waiting a shape of it, and where there is none, why. */
export function Loaded<T>({ query, isEmpty, empty, height = 160, children }: LoadedProps<T>) {
  const { data, error, isPending, refetch } = query
  if (isPending) return <Skeleton height={height} mx={20} mb={20} w="auto" role="status" aria-label="Loading" />
  if (error && data === undefined)
    return (
      <div className={classes.inset}>
        <ErrorState error={error} retry={() => void refetch()} />
      </div>
    )
  if (data === undefined) return null
  if (isEmpty(data))
    return (
      <EmptyState icon={empty.icon} title={empty.title}>
        {empty.text}
      </EmptyState>
    )
  return children(data)
}

/** What of a query it needs; of one that comes in pages `data` is what has come so far. */
export type Asked<T> = { data: T | undefined; error: Error | null; isPending: boolean; refetch: () => unknown }

type LoadedProps<T> = {
  query: Asked<T>
  isEmpty: (data: T) => boolean
  empty: { icon: IconName; title: string; text: string }
  height?: number
  children: (data: T) => ReactNode
}

/** A table that scrolls sideways where the window is narrow. */
export function Table({ label, head, children }: { label: string; head: ReactNode; children: ReactNode }) {
  return (
    <ScrollRegion label={label}>
      <table className="data">
        <thead>{head}</thead>
        <tbody>{children}</tbody>
      </table>
    </ScrollRegion>
  )
}
