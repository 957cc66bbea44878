import { Anchor, Button, CloseButton, Group, Text, Transition } from '@mantine/core'
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import { formatCount } from '#platform/console'
import type { Search } from '../search/search.ts'
import classes from './selection-bar.module.css'

/** What actions are done to: ticked rows, all that a search finds (up to 1 million), or a whole list. */
export type Selection = { ids: readonly string[] } | { search: Search } | { listId: string }

/** The rows that are ticked, by id; `isWhole` says that everything is meant, beyond what has been loaded too. */
export type Ticks = {
  ids: readonly string[]
  isWhole: boolean
  isTicked: (id: string) => boolean
  /** With `reach` (the shift key) all rows from the one ticked last to this one. */
  toggle: (id: string, reach?: boolean) => void
  tickAll: (ids: readonly string[]) => void
  tickWhole: () => void
  clear: () => void
}

/** Ticks belong to what is shown: another `key` (another search, another list) begins with none. */
export function useTicks(key: string, shown: readonly string[]): Ticks {
  const [ids, setIds] = useState<ReadonlySet<string>>(none)
  const [isWhole, setWhole] = useState(false)
  const [last, setLast] = useState<string>()
  const clear = useCallback(() => {
    setIds(none)
    setWhole(false)
    setLast(undefined)
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the reason
  useEffect(clear, [key])
  return useMemo(
    () => ({
      ids: [...ids],
      isWhole,
      isTicked: id => isWhole || ids.has(id),
      toggle: (id, reach) => {
        const next = new Set(isWhole ? shown : ids)
        const [from, to] = [shown.indexOf(last ?? ''), shown.indexOf(id)].sort((a, b) => a - b)
        const span = reach && from !== undefined && from >= 0 ? shown.slice(from, (to ?? from) + 1) : [id]
        const isOn = !next.has(id)
        for (const each of span) {
          if (isOn) next.add(each)
          else next.delete(each)
        }
        setIds(next)
        setWhole(false)
        setLast(id)
      },
      tickAll: all => setIds(new Set([...ids, ...all])),
      tickWhole: () => setWhole(true),
      clear,
    }),
    [ids, isWhole, last, shown, clear],
  )
}

const none: ReadonlySet<string> = new Set()

/**
 * What can be done with ticked rows, at the lower edge of the window while any are ticked. `total` is what there is in
 * all: where it is more than what is ticked, all of it can be taken (`onWhole`). The actions are the children.
 */
export function SelectionBar({ ticks, total, noun = 'contractor', children }: SelectionBarProps) {
  const count = ticks.isWhole ? total?.count : ticks.ids.length
  const isOpen = ticks.isWhole || ticks.ids.length > 0
  const amount = `${formatCount(count ?? 0)}${ticks.isWhole && total?.capped ? '+' : ''}`
  const more = !ticks.isWhole && total && (total.capped || total.count > ticks.ids.length)
  return (
    <>
      <div role="status" className="visually-hidden">
        {isOpen && `${amount} selected`}
      </div>
      <Transition mounted={isOpen} transition="slide-up" duration={120}>
        {styles => (
          <section className={classes.bar} style={styles} aria-label="Selection" data-lower-edge>
            <Group gap="xs" wrap="nowrap" className={classes.count}>
              <CloseButton aria-label="Clear the selection" onClick={ticks.clear} />
              <Text size="sm" fw={600} className="figures">
                {amount} {count === 1 ? noun : `${noun}s`}
              </Text>
              {more && (
                <Anchor component="button" type="button" size="sm" onClick={ticks.tickWhole}>
                  Select all {formatCount(total.count)}
                  {total.capped && '+'}
                </Anchor>
              )}
            </Group>
            <Group gap="xs" className={classes.actions}>
              {children}
            </Group>
          </section>
        )}
      </Transition>
    </>
  )
}

type SelectionBarProps = {
  ticks: Ticks
  total: { count: number; capped?: boolean } | undefined
  /** In the singular. */
  noun?: string
  children: ReactNode
}

/** An action of the bar. */
export function SelectionAction({ children, ...button }: SelectionActionProps) {
  return (
    <Button variant="default" size="xs" {...button}>
      {children}
    </Button>
  )
}

type SelectionActionProps = {
  children: ReactNode
  onClick?: () => void
  disabled?: boolean
  loading?: boolean
  title?: string
  leftSection?: ReactNode
}
