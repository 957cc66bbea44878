import { Button, Center, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Refusal } from './refusal.tsx'

/** The foot of a list that comes in pages: a button for the next one; on the last the children, such as how many there are. */
export function LoadMore({ query, label, children }: { query: PagedQuery; label: string; children?: ReactNode }) {
  if (!query.hasNextPage) {
    return (
      children && (
        <Text size="xs" c="dimmed" ta="center" p="sm">
          {children}
        </Text>
      )
    )
  }
  return (
    <>
      {query.isFetchNextPageError && <Refusal error={query.error} m="sm" mb={0} />}
      <Center p="sm">
        <Button
          variant="default"
          size="xs"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {label}
        </Button>
      </Center>
    </>
  )
}

type PagedQuery = {
  hasNextPage: boolean
  isFetchingNextPage: boolean
  isFetchNextPageError: boolean
  error: Error | null
  fetchNextPage: () => Promise<unknown>
}
