import {
  type Announcements,
  type CollisionDetection,
  DndContext,
  DragOverlay,
  KeyboardCode,
  type KeyboardCoordinateGetter,
  KeyboardSensor,
  PointerSensor,
  pointerWithin,
  type UniqueIdentifier,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { useDesk } from './round-desk.ts'
import { effectInWords } from './round-words.ts'
import classes from './rounds.module.css'
import { type Change, previewQuery } from './rounds.ts'

/** What is dragged, and what it is dropped on: a person on a target, a target, or the ones who have nothing to do. */
export type Spot =
  | { kind: 'person'; participantId: string; targetId: string | null }
  | { kind: 'target'; targetId: string }
  | { kind: 'free' }

export const idOfSpot = (spot: Spot): string =>
  spot.kind === 'person'
    ? `person ${spot.participantId} ${spot.targetId ?? 'free'}`
    : spot.kind === 'target'
      ? `target ${spot.targetId}`
      : 'free'

function spotOf(id: UniqueIdentifier): Spot {
  const [kind, first = '', second = ''] = String(id).split(' ')
  if (kind === 'person') return { kind, participantId: first, targetId: second === 'free' ? null : second }
  return kind === 'target' ? { kind, targetId: first } : { kind: 'free' }
}

/** What dropping one on the other would change; undefined where it would change nothing. */
export function changeOf(held: Spot, place: Spot): Change | undefined {
  if (held.kind !== 'person') return undefined
  const { participantId, targetId: from } = held
  if (place.kind === 'free') return from === null ? undefined : { kind: 'remove', participantId, targetId: from }
  const to = place.targetId
  if (to === null || to === from) return undefined
  if (from === null) return { kind: 'add', participantId, targetId: to }
  const isSwap = place.kind === 'person' && place.participantId !== participantId
  return isSwap
    ? { kind: 'swap', participantIds: [participantId, place.participantId], targetIds: [from, to] }
    : { kind: 'move', participantId, from, to }
}

/**
 * People are dragged by their handles with mouse, finger or keyboard: space picks up, arrows go from place to place, space puts
 * down, escape leaves all as it was. While somebody is held over a place it is said what that would do; nothing is changed
 * before it was confirmed.
 */
export function Dragging({ children }: { children: ReactNode }) {
  const { plan, propose } = useDesk()
  const [held, setHeld] = useState<Spot>()
  const [over, setOver] = useState<Spot>()
  const aimed = useRef<UniqueIdentifier>(undefined)

  const aim: KeyboardCoordinateGetter = (event, { context }) => {
    const step = steps[event.code]
    if (!step) return undefined
    event.preventDefault()
    const { active, droppableContainers, droppableRects, collisionRect } = context
    const places = droppableContainers
      .getEnabled()
      .filter(({ id }) => active !== null && changeOf(spotOf(active.id), spotOf(id)) !== undefined)
      .toSorted((one, other) => order(one.node.current, other.node.current))
    if (places.length === 0) return undefined
    const at = places.findIndex(({ id }) => id === aimed.current)
    const next = places[at < 0 ? (step > 0 ? 0 : places.length - 1) : (at + step + places.length) % places.length]
    const rect = next && droppableRects.get(next.id)
    if (!next || !rect || !collisionRect) return undefined
    aimed.current = next.id
    next.node.current?.scrollIntoView({ block: 'nearest' })
    return { x: rect.left + 8, y: rect.top + 8 }
  }
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: aim, scrollBehavior: 'auto' }),
  )
  // A person lies within his target: the smaller one is meant. By keyboard it is the place that was gone to.
  const detect: CollisionDetection = args => {
    if (!args.pointerCoordinates) return aimed.current === undefined ? [] : [{ id: aimed.current }]
    const hit = pointerWithin(args)
    return [...hit.filter(({ id }) => spotOf(id).kind === 'person'), ...hit]
  }
  const inWords = (spot: Spot): string => {
    if (spot.kind === 'free') return 'those who are free'
    if (spot.kind === 'target') return plan.nameOfTarget(spot.targetId)
    const where = spot.targetId === null ? 'free' : `on ${plan.nameOfTarget(spot.targetId)}`
    return `${plan.nameOfPerson(spot.participantId)}, ${where}`
  }
  const announcements: Announcements = {
    onDragStart: ({ active }) => `Picked up ${inWords(spotOf(active.id))}.`,
    onDragOver: ({ active, over }) => {
      const place = over && spotOf(over.id)
      if (!place || !changeOf(spotOf(active.id), place)) return undefined
      return place.kind === 'person' ? `Over ${inWords(place)}: to swap.` : `Over ${inWords(place)}.`
    },
    onDragEnd: ({ active, over }) =>
      over && changeOf(spotOf(active.id), spotOf(over.id))
        ? `Put down over ${inWords(spotOf(over.id))}. It is asked first.`
        : 'Put back.',
    onDragCancel: () => 'Put back.',
  }
  const reset = () => {
    aimed.current = undefined
    setHeld(undefined)
    setOver(undefined)
  }
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={detect}
      accessibility={{ announcements, screenReaderInstructions: instructions }}
      onDragStart={({ active }) => setHeld(spotOf(active.id))}
      onDragOver={({ over }) => setOver(over ? spotOf(over.id) : undefined)}
      onDragCancel={reset}
      onDragEnd={({ active, over }) => {
        reset()
        const change = over && changeOf(spotOf(active.id), spotOf(over.id))
        if (change) propose(change)
      }}
    >
      {children}
      <DragOverlay dropAnimation={null}>
        {held?.kind === 'person' && (
          <div className={classes.held}>
            <strong>{plan.nameOfPerson(held.participantId)}</strong>
            <Hint change={over && changeOf(held, over)} />
          </div>
        )}
      </DragOverlay>
    </DndContext>
  )
}

const steps: Readonly<Record<string, number>> = {
  [KeyboardCode.Right]: 1,
  [KeyboardCode.Down]: 1,
  [KeyboardCode.Left]: -1,
  [KeyboardCode.Up]: -1,
}

/** As they stand in the page. */
const order = (one: HTMLElement | null, other: HTMLElement | null) =>
  one && other && one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1

const instructions = {
  draggable: 'Space picks up, the arrow keys go from place to place, space puts down, escape puts back.',
}

/** What it would do, once one has rested over a place for a moment. */
function Hint({ change }: { change: Change | undefined }) {
  const { round } = useDesk()
  const [rested] = useDebouncedValue(change, 180)
  const isResting = change !== undefined && JSON.stringify(rested) === JSON.stringify(change)
  const preview = useQuery({ ...previewQuery(round, change ? [change] : []), enabled: isResting })
  if (!change || !preview.data) return null
  const { faults } = preview.data
  return (
    <span className={classes.hint} data-refused={faults.length > 0 || undefined}>
      {faults[0]?.message ?? effectInWords(preview.data)}
    </span>
  )
}
