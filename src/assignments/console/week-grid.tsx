import { type KeyboardEvent, type PointerEvent, useEffect, useId, useRef, useState } from 'react'
import classes from './week.module.css'
import { paint, presence, type Stretch, weekdayNames, weekdays } from './week.ts'

type Days = readonly (readonly Stretch[])[]
type Cell = { day: number; hour: number }

const hours = Array.from({ length: 24 }, (_, hour) => hour)
const stretchOf = (hour: number): Stretch => ({ from: hour * 60, to: (hour + 1) * 60 })
const states = { all: 'there', some: 'partly there', none: 'not there' } as const

/**
 * A week by the hour. A mouse paints by dragging; a finger taps, so that the page can still be scrolled over it; keys move by
 * arrows, set by space, and with Shift take along what the cell is.
 */
export function WeekGrid({ week, onChange, label }: { week: Days; onChange?: (week: Days) => void; label: string }) {
  const [focused, setFocused] = useState<Cell>({ day: 0, hour: firstHourOf(week) })
  const table = useRef<HTMLTableElement>(null)
  const stroke = useStroke(week, onChange)
  const hint = useId()
  const isThere = ({ day, hour }: Cell) => presence(week, day, stretchOf(hour)) === 'all'
  const set = (cells: { days: number[]; hour: number }, value: boolean) =>
    onChange?.(paint(week, cells.days, stretchOf(cells.hour), value))

  const move = (event: KeyboardEvent, from: Cell) => {
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    const to = step(from)
    const cell = { day: Math.min(6, Math.max(0, to.day)), hour: Math.min(23, Math.max(0, to.hour)) }
    if (event.shiftKey) set({ days: [cell.day], hour: cell.hour }, isThere(from))
    setFocused(cell)
    table.current?.querySelector<HTMLElement>(`[data-cell="${cell.day}-${cell.hour}"]`)?.focus()
  }

  return (
    <>
      {onChange && (
        <p id={hint} className={classes.hint}>
          <span className={classes.forMouse}>Draw over the hours with the mouse.</span>
          <span className={classes.forFinger}>Tap the hours.</span> With the keyboard: arrows move, space sets, Shift
          with an arrow takes along what the hour is.
        </p>
      )}
      <table ref={table} className={classes.week} aria-label={label} aria-describedby={onChange && hint}>
        <thead>
          <tr>
            <td />
            {weekdays.map(day => (
              <th key={day} scope="col" abbr={weekdayNames[day]}>
                <span className={classes.long}>{weekdayNames[day].slice(0, 3)}</span>
                <span className={classes.short} aria-hidden="true">
                  {weekdayNames[day].slice(0, 2)}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {hours.map(hour => (
            <tr key={hour}>
              <th scope="row">{hour}:00</th>
              {weekdays.map((name, day) => {
                const state = presence(week, day, stretchOf(hour))
                if (!onChange)
                  return (
                    <td key={name} className={classes.cell} data-state={state}>
                      <span className="visually-hidden">{states[state]}</span>
                    </td>
                  )
                return (
                  <td key={name}>
                    <button
                      type="button"
                      className={classes.cell}
                      data-state={state}
                      data-cell={`${day}-${hour}`}
                      tabIndex={focused.day === day && focused.hour === hour ? 0 : -1}
                      aria-pressed={state === 'some' ? 'mixed' : state === 'all'}
                      aria-label={`${weekdayNames[name]} ${hour}:00 to ${hour + 1}:00`}
                      onFocus={() => setFocused({ day, hour })}
                      onKeyDown={event => move(event, { day, hour })}
                      onPointerDown={event => stroke.begin(event, { day, hour })}
                      onPointerEnter={() => stroke.reach({ day, hour })}
                      onClick={() => {
                        if (!stroke.endedByClick()) set({ days: [day], hour }, state !== 'all')
                      }}
                    />
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

const steps: Readonly<Record<string, (from: Cell) => Cell>> = {
  ArrowLeft: ({ day, hour }) => ({ day: day - 1, hour }),
  ArrowRight: ({ day, hour }) => ({ day: day + 1, hour }),
  ArrowUp: ({ day, hour }) => ({ day, hour: hour - 1 }),
  ArrowDown: ({ day, hour }) => ({ day, hour: hour + 1 }),
  Home: ({ hour }) => ({ day: 0, hour }),
  End: ({ hour }) => ({ day: 6, hour }),
  PageUp: ({ day, hour }) => ({ day, hour: hour - 6 }),
  PageDown: ({ day, hour }) => ({ day, hour: hour + 6 }),
}

/** Painting with a mouse or pen: the rectangle between where it was put down and where it is. */
function useStroke(week: Days, onChange: ((week: Days) => void) | undefined) {
  const stroke = useRef<{ from: Cell; isThere: boolean; week: Days }>(undefined)
  const wasPainted = useRef(false)
  useEffect(() => {
    const end = () => {
      stroke.current = undefined
    }
    window.addEventListener('pointerup', end)
    window.addEventListener('pointercancel', end)
    return () => {
      window.removeEventListener('pointerup', end)
      window.removeEventListener('pointercancel', end)
    }
  }, [])
  const reach = (to: Cell) => {
    if (!stroke.current) return
    const { from, isThere, week } = stroke.current
    const [first = 0, last = 0] = [from.day, to.day].toSorted((a, b) => a - b)
    const [begin = 0, end = 0] = [from.hour, to.hour].toSorted((a, b) => a - b)
    const days = weekdays.map((_, day) => day).filter(day => day >= first && day <= last)
    onChange?.(paint(week, days, { from: begin * 60, to: (end + 1) * 60 }, isThere))
  }
  return {
    begin(event: PointerEvent, cell: Cell) {
      wasPainted.current = false
      if (event.pointerType === 'touch' || event.button !== 0) return
      wasPainted.current = true
      stroke.current = { from: cell, isThere: presence(week, cell.day, stretchOf(cell.hour)) !== 'all', week }
      reach(cell)
    },
    reach,
    /** Whether the click is the end of what the pointer has painted already. */
    endedByClick() {
      const was = wasPainted.current
      wasPainted.current = false
      return was
    },
  }
}

/** Where the keyboard comes in: where the days begin, as far as there is any. */
function firstHourOf(week: Days): number {
  const starts = week.flatMap(day => day.map(({ from }) => Math.floor(from / 60)))
  return starts.length > 0 ? Math.min(...starts) : 9
}
