import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  type UniqueIdentifier,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import {
  arrayMove,
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable'
import { CSS } from '@dnd-kit/utilities'
import { ActionIcon } from '@mantine/core'
import { type CSSProperties, type ReactNode, useRef } from 'react'
import { formatCount, Icon } from '#platform/console'
import classes from './lists.module.css'

type Named = { id: string; name: string }

/**
 * Rows that are put in order by dragging their handle, or by the keyboard: space picks up and puts down, arrows move, escape
 * leaves all as it was. What happens is said to who does not see it. `move` is told which row now stands above.
 */
export function Sortable({ rows, total = rows.length, move, picked, isOff, children }: SortableProps) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  )
  const isJustPickedUp = useRef(false)
  const nameOf = (id: UniqueIdentifier) => rows.find(row => row.id === id)?.name ?? 'The row'
  const placeOf = (id: UniqueIdentifier | undefined) =>
    `place ${rows.findIndex(row => row.id === id) + 1} of ${formatCount(total)}`
  const announcements: Announcements = {
    onDragStart: ({ active }) => {
      isJustPickedUp.current = true
      return `Picked up ${nameOf(active.id)}, ${placeOf(active.id)}.`
    },
    onDragOver: ({ active, over }) => {
      // That it lies over its own place is the first thing told, and would be heard instead of that it was picked up.
      const isFirst = isJustPickedUp.current && over?.id === active.id
      isJustPickedUp.current = false
      return over && !isFirst ? `${nameOf(active.id)} is over ${placeOf(over.id)}.` : undefined
    },
    onDragEnd: ({ active, over }) => `${nameOf(active.id)} was put on ${placeOf(over?.id ?? active.id)}.`,
    onDragCancel: ({ active }) => `${nameOf(active.id)} is back on ${placeOf(active.id)}.`,
  }
  const finish = ({ active, over }: DragEndEvent) => {
    picked?.(undefined)
    if (!over || over.id === active.id) return
    const from = rows.findIndex(row => row.id === active.id)
    const to = rows.findIndex(row => row.id === over.id)
    const next = arrayMove([...rows], from, to)
    move(String(active.id), next[to - 1]?.id ?? null)
  }
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragStart={({ active }) => picked?.(String(active.id))}
      onDragEnd={finish}
      onDragCancel={() => picked?.(undefined)}
      accessibility={{ announcements, screenReaderInstructions: instructions }}
    >
      <SortableContext items={rows.map(row => row.id)} strategy={verticalListSortingStrategy} disabled={isOff ?? false}>
        {children}
      </SortableContext>
    </DndContext>
  )
}

type SortableProps = {
  rows: readonly Named[]
  /** How many there are in all, where not all of them have come. */
  total?: number | undefined
  move: (id: string, after: string | null) => void
  /** Which row is held just now: it may not leave the page. */
  picked?: (id: string | undefined) => void
  isOff?: boolean
  children: ReactNode
}

const instructions = {
  draggable: 'Space picks the row up, the arrow keys move it, space puts it down, escape puts it back.',
}

/** What a row of `Sortable` needs: a place to be measured, how it is moved just now, and its handle. */
export function useSortableRow({ id, name }: Named): {
  ref: (node: HTMLElement | null) => void
  style: CSSProperties
  handle: ReactNode
} {
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, transition, isDragging } = useSortable({
    id,
  })
  return {
    ref: setNodeRef,
    style: {
      transform: CSS.Translate.toString(transform),
      transition,
      ...(isDragging && {
        zIndex: 3,
        background: 'var(--ch-surface)',
        boxShadow: 'var(--mantine-shadow-md)',
      }),
    },
    handle: (
      <ActionIcon
        ref={setActivatorNodeRef}
        className={classes.handle}
        variant="transparent"
        color="gray"
        size="md"
        {...attributes}
        {...listeners}
        aria-label={`Move ${name}`}
      >
        <Icon name="grip" size={16} />
      </ActionIcon>
    ),
  }
}
