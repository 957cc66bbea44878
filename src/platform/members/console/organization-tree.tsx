import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { formatCount, Icon } from '#platform/console'
import type { Organization } from './organization-queries.ts'
import classes from './organizations.module.css'

type TreeProps = { organizations: readonly Organization[]; chosenId: string; choose: (id: string) => void }

/**
 * Organizations as a tree (WAI-ARIA): one tab stop, arrow keys walk, right and left open and shut, Enter or a press
 * chooses.
 */
export function OrganizationTree({ organizations, chosenId, choose }: TreeProps) {
  const [shut, setShut] = useState<ReadonlySet<string>>(new Set())
  const shown = useMemo(() => visible(organizations, shut), [organizations, shut])
  const [walkedId, setWalkedId] = useState(chosenId)
  const currentId = shown.some(({ id }) => id === walkedId) ? walkedId : (shown[0]?.id ?? '')
  const tree = useRef<HTMLDivElement>(null)
  const wasWalked = useRef(false)
  useEffect(() => {
    if (!wasWalked.current) return
    wasWalked.current = false
    tree.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(currentId)}"]`)?.focus()
  }, [currentId])

  const walkTo = (id: string | undefined) => {
    if (id === undefined) return
    wasWalked.current = true
    setWalkedId(id)
  }
  const turn = (id: string, isShut: boolean) =>
    setShut(before => {
      const after = new Set(before)
      if (isShut) after.add(id)
      else after.delete(id)
      return after
    })
  const onKey = (event: KeyboardEvent) => {
    const index = shown.findIndex(({ id }) => id === currentId)
    const current = shown[index]
    if (!current) return
    const isParent = current.organizationsBelow > 0
    const act: Record<string, () => void> = {
      ArrowDown: () => walkTo(shown[index + 1]?.id),
      ArrowUp: () => walkTo(shown[index - 1]?.id),
      Home: () => walkTo(shown[0]?.id),
      End: () => walkTo(shown.at(-1)?.id),
      ArrowRight: () => {
        if (!isParent) return
        if (shut.has(current.id)) turn(current.id, false)
        else walkTo(shown[index + 1]?.id)
      },
      ArrowLeft: () => {
        if (isParent && !shut.has(current.id)) turn(current.id, true)
        else walkTo(current.parentId ?? undefined)
      },
      Enter: () => choose(current.id),
      ' ': () => choose(current.id),
    }
    const found = act[event.key]
    if (!found || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    found()
  }
  return (
    <div role="tree" aria-label="Organizations" className={classes.tree} ref={tree} onKeyDown={onKey}>
      {shown.map(organization => {
        const { id, name, level, memberCountWithBelow, organizationsBelow } = organization
        const isParent = organizationsBelow > 0
        const siblings = shown.filter(({ parentId }) => parentId === organization.parentId)
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys, as one widget
          <div
            key={id}
            role="treeitem"
            data-id={id}
            aria-level={level}
            aria-setsize={siblings.length}
            aria-posinset={siblings.indexOf(organization) + 1}
            aria-selected={id === chosenId}
            aria-expanded={isParent ? !shut.has(id) : undefined}
            tabIndex={id === currentId ? 0 : -1}
            className={classes.node}
            style={{ paddingInlineStart: 8 + (level - 1) * 20 }}
            onClick={() => {
              setWalkedId(id)
              choose(id)
            }}
          >
            <span
              className={classes.turn}
              aria-hidden="true"
              onClick={event => {
                if (!isParent) return
                event.stopPropagation()
                turn(id, !shut.has(id))
              }}
            >
              {isParent && <Icon name={shut.has(id) ? 'chevronRight' : 'chevronDown'} size={16} />}
            </span>
            <span className={classes.label}>{name}</span>{' '}
            <span className={classes.count}>
              {formatCount(memberCountWithBelow)}
              <span className="visually-hidden"> {memberCountWithBelow === 1 ? 'person' : 'people'}</span>
            </span>
          </div>
        )
      })}
    </div>
  )
}

export const peopleInWords = (count: number) => (count === 1 ? 'one person' : `${formatCount(count)} people`)

/** Without what stands below one that is shut. */
function visible(organizations: readonly Organization[], shut: ReadonlySet<string>): Organization[] {
  const hidden = new Set<string>()
  return organizations.filter(({ id, parentId }) => {
    if (parentId === null || (!hidden.has(parentId) && !shut.has(parentId))) return true
    hidden.add(id)
    return false
  })
}
