import { Badge, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { oneOf, type Search, useAddress } from '#platform/console'
import { ListActivity } from './activity-panel.tsx'
import { ListComments } from './share-comments.tsx'
import { ListShares } from './share-panel.tsx'
import { sharesQuery } from './share-queries.ts'
import classes from './sharing.module.css'

const parts = ['contractors', 'comments', 'activity', 'sharing'] as const
// Also what the others keep in the address, so that it is there again when one comes back.
const read = (search: Search): Search => search

/** The parts of a list's page. The contractors stay mounted behind the others: what is typed there is not lost. */
export function ListParts({ listId, children }: { listId: string; children: ReactNode }) {
  const [address, change] = useAddress(read)
  const part = parts.find(part => part === oneOf(address.part)) ?? 'contractors'
  const shares = useQuery(sharesQuery(listId)).data?.items.length ?? 0
  return (
    <Tabs
      value={part}
      onChange={next => change({ part: next === 'contractors' ? undefined : (next ?? undefined) })}
      keepMounted={false}
    >
      <Tabs.List mb="md" aria-label="Parts of the list" className={classes.tabs}>
        <Tabs.Tab value="contractors">Contractors</Tabs.Tab>
        <Tabs.Tab value="comments">Comments</Tabs.Tab>
        <Tabs.Tab value="activity">Activity</Tabs.Tab>
        <Tabs.Tab
          value="sharing"
          rightSection={
            shares > 0 && (
              <Badge size="xs" variant="light" color="gray">
                {shares}
              </Badge>
            )
          }
        >
          Sharing
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="contractors" keepMounted>
        {children}
      </Tabs.Panel>
      <Tabs.Panel value="comments">
        <ListComments listId={listId} />
      </Tabs.Panel>
      <Tabs.Panel value="activity">
        <ListActivity listId={listId} />
      </Tabs.Panel>
      <Tabs.Panel value="sharing">
        <ListShares listId={listId} />
      </Tabs.Panel>
    </Tabs>
  )
}
