import type { ReactNode } from 'react'
import classes from './totals.module.css'

/** What a page comes to, side by side above it; each a `Total`. */
export function Totals({ children }: { children: ReactNode }) {
  return <dl className={`panel ${classes.totals}`}>{children}</dl>
}

/** `title` is the exact figure, `note` what is said below it. Without figures it is written smaller. */
export function Total({ label, value, title, note }: TotalProps) {
  return (
    <div className={classes.total}>
      <dt>{label}</dt>
      <dd className="figures" title={title} data-words={/\d/.test(value) ? undefined : true}>
        {value}
        {note && <small>{note}</small>}
      </dd>
    </div>
  )
}

type TotalProps = { label: string; value: string; title?: string; note?: string }
