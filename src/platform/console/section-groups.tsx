import { UnstyledButton } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { Link } from '@tanstack/react-router'
import { useEffect, useId, useRef } from 'react'
import { Icon } from './icons.tsx'
import type { NavigationEntry } from './module.ts'
import classes from './shell.module.css'

/** The sections by group. One may fold groups away, which this browser remembers; the open section stays in sight. */
export function SectionGroups({ entries, current }: { entries: readonly NavigationEntry[]; current: string }) {
  const [folded, setFolded] = useLocalStorage<string[]>({ key: 'commonhold-folded-groups', defaultValue: [] })
  const nav = useRef<HTMLElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another section is the reason to look for it
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }, [current])
  return (
    <nav aria-label="Sections" className={classes.nav} ref={nav}>
      {[...new Set(entries.map(({ group }) => group))].map(group => (
        <Group
          key={group}
          name={group}
          entries={entries.filter(entry => entry.group === group)}
          current={current}
          isFolded={folded.includes(group)}
          fold={isFolded => setFolded(isFolded ? [...folded, group] : folded.filter(each => each !== group))}
        />
      ))}
    </nav>
  )
}

function Group({ name, entries, current, isFolded, fold }: GroupProps) {
  const id = useId()
  return (
    <div className={classes.nav}>
      <UnstyledButton
        className={classes.group}
        aria-expanded={!isFolded}
        aria-controls={id}
        onClick={() => fold(!isFolded)}
      >
        {name}
        <Icon name={isFolded ? 'chevronRight' : 'chevronDown'} size={14} />
      </UnstyledButton>
      <div id={id} className={classes.nav}>
        {entries
          .filter(({ to }) => !isFolded || to === current)
          .map(entry => (
            <Entry key={entry.to} {...entry} isCurrent={entry.to === current} />
          ))}
      </div>
    </div>
  )
}

function Entry({ to, icon, label, useLabel = noOther, isCurrent }: NavigationEntry & { isCurrent: boolean }) {
  const other = useLabel()
  return (
    <Link
      to={to}
      className={classes.entry}
      // By itself a link is current on all pages below its own, those of other sections too.
      activeOptions={{ exact: true, includeSearch: false }}
      activeProps={{}}
      aria-current={isCurrent ? 'page' : undefined}
    >
      <Icon name={icon} />
      {other ?? label}
    </Link>
  )
}

const noOther = () => undefined

type GroupProps = {
  name: string
  entries: readonly NavigationEntry[]
  current: string
  isFolded: boolean
  fold: (isFolded: boolean) => void
}
