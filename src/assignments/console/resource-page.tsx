import { Anchor, Skeleton, Tabs } from '@mantine/core'
import type { ReactNode } from 'react'
import { oneOf, PageLink, type Search, useAddress } from '#platform/console'

export function Loading({ what }: { what: string }) {
  return (
    <div role="status" aria-label={`Loading ${what}`}>
      <Skeleton height={240} />
    </div>
  )
}

/** Leads from one thing back to the list of all of them. */
export function BackLink({ to, search, children }: { to: string; search?: Search; children: ReactNode }) {
  return (
    <Anchor component={PageLink} to={to} {...(search && { search })} size="sm" mb="xs" display="inline-block">
      {children}
    </Anchor>
  )
}

const readTab = (search: Search) => ({ tab: oneOf(search.tab) })

/** Parts of a page beside each other; the open one is in the address. */
export function PageTabs({ label, tabs }: { label: string; tabs: readonly PageTab[] }) {
  const [{ tab }, change] = useAddress(readTab)
  const shown = tabs.find(({ name }) => name === tab) ?? tabs[0]
  if (!shown) return null
  return (
    <Tabs
      value={shown.name}
      onChange={name => change({ tab: name === tabs[0]?.name ? '' : (name ?? '') })}
      keepMounted={false}
    >
      <Tabs.List mb="md" aria-label={label}>
        {tabs.map(({ name, title }) => (
          <Tabs.Tab key={name} value={name}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(({ name, content }) => (
        <Tabs.Panel key={name} value={name}>
          {content}
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}

type PageTab = { name: string; title: string; content: ReactNode }
