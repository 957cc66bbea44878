import { Anchor, Skeleton, Text, Title, useComputedColorScheme } from '@mantine/core'
import { lazy, type ReactNode, Suspense, useId, useState } from 'react'
import { useBrand } from './brand.tsx'
import classes from './charts.module.css'

/** What a chart draws. Whoever makes one keeps it (`useMemo`): another plan is drawn from the beginning. */
export type ChartPlan = {
  /** All that it shows, for who does not see it. */
  label: string
  /** In pixels. */
  height: number
  /** Where values stand across: whole numbers, rising by one. */
  places: readonly number[]
  series: readonly ChartSeries[]
  /** The marks at the lower edge: at which distances they may stand, what they say, and how many pixels each needs. */
  across: { steps: readonly number[]; text: (place: number) => string; space?: number }
  /** The marks at the left edge; `isClose` leaves out what lies between 0 and the values, for who looks at their difference. */
  up: { steps?: readonly number[]; text: (value: number) => string; isClose?: boolean }
  /** Below the chart: what it says of the place that one points at, and what while one points at none. */
  wordsAt: (index: number) => string | undefined
  hint: string
}

/** The value at each place; null where none is known. */
export type ChartSeries = {
  shape: 'bars' | 'steps' | 'line'
  values: readonly (number | null)[]
  /** The custom property of the page that holds its colour. */
  color: `--${string}`
  dash?: readonly number[]
}

// What draws is large, and most pages draw nothing.
const Drawing = lazy(() => import('./drawing.tsx').then(({ Drawing }) => ({ default: Drawing })))

/** A drawing of values over time, with the words on what one points at. Give its twin as a table too: `ChartFrame`. */
export function Chart({ plan }: { plan: ChartPlan }) {
  const scheme = useComputedColorScheme()
  const brand = useBrand()?.colors.primary
  return (
    <Suspense fallback={<Skeleton height={plan.height} mb={18} />}>
      {/* Colours are read from the page when it is drawn: with others it is another drawing. */}
      <Drawing key={`${scheme} ${brand}`} plan={plan} />
    </Suspense>
  )
}

/** A titled part of a page that shows numbers as a drawing or, for who wants them exactly, as a table. */
export function ChartFrame(props: ChartFrameProps) {
  const { title, order = 2, note, actions, className, isEmpty, chart, table, children } = props
  const [isTable, setTable] = useState(false)
  const id = useId()
  return (
    <section aria-labelledby={id} className={`${classes.frame} ${className ?? ''}`}>
      <div className={classes.head}>
        <div>
          <Title order={order} size={order === 2 ? 'h4' : 'h5'} id={id}>
            {title}
          </Title>
          {note && (
            <Text size="sm" c="dimmed">
              {note}
            </Text>
          )}
        </div>
        {!isEmpty && (
          <div className={classes.actions}>
            {actions}
            <TableSwitch title={title} isTable={isTable} change={setTable} />
          </div>
        )}
      </div>
      {isTable && !isEmpty ? table : chart}
      {children}
    </section>
  )
}

type ChartFrameProps = {
  title: string
  /** The level of the title. */
  order?: 2 | 3
  note?: ReactNode
  actions?: ReactNode
  className?: string | undefined
  /** There is nothing to be shown as a table: `chart` says so. */
  isEmpty?: boolean
  chart: ReactNode
  table: ReactNode
  /** What stands below both. */
  children?: ReactNode
}

/** Changes between a drawing and its table; `title` says of what, to who hears the button alone. */
export function TableSwitch({ title, isTable, change, drawing = 'chart', size = 'sm' }: TableSwitchProps) {
  return (
    <Anchor component="button" type="button" size={size} className={classes.switch} onClick={() => change(!isTable)}>
      Show as a {isTable ? drawing : 'table'}
      <span className="visually-hidden"> ({title})</span>
    </Anchor>
  )
}

type TableSwitchProps = {
  title: string
  isTable: boolean
  change: (isTable: boolean) => void
  drawing?: 'chart' | 'map'
  size?: 'xs' | 'sm'
}
