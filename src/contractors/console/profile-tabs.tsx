import { useEffect, useRef } from 'react'
import { PageLink } from '#platform/console'
import classes from './profile.module.css'
import { type SectionName, sections } from './profile-address.ts'

/** The sections of a contractor's page: each has an address of its own. */
export function ProfileTabs({ id, current }: { id: string; current: SectionName }) {
  const row = useRef<HTMLElement>(null)
  useEffect(() => {
    const tab = row.current?.querySelector<HTMLElement>(`[data-section="${current}"]`)
    // Only the row may scroll, not the page.
    if (row.current && tab) row.current.scrollLeft = tab.offsetLeft - row.current.clientWidth / 2 + tab.clientWidth / 2
  }, [current])
  return (
    <nav ref={row} aria-label="Sections of this contractor" className={classes.tabs}>
      {sections.map(({ name, label }) => (
        <PageLink
          key={name}
          to={`/contractors/${id}`}
          search={name === 'overview' ? {} : { section: name }}
          activeOptions={{ exact: true }}
          className={classes.tab}
          data-section={name}
          data-current={name === current || undefined}
          aria-current={name === current ? 'page' : 'false'}
        >
          {label}
        </PageLink>
      ))}
    </nav>
  )
}
