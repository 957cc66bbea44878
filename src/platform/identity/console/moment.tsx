import { Tooltip } from '@mantine/core'
import { formatAgo, formatExactTime } from '#platform/console'
import classes from './sessions.module.css'

/** How long ago; the exact time at the pointer or the keyboard's focus, and to who has the page read out. */
export function Ago({ instant }: { instant: string }) {
  const exact = formatExactTime(instant)
  return (
    <Tooltip label={exact} events={{ hover: true, focus: true, touch: true }} withinPortal={false}>
      <button type="button" className={classes.moment} aria-label={`${formatAgo(instant)}: ${exact}`}>
        <time dateTime={instant}>{formatAgo(instant)}</time>
      </button>
    </Tooltip>
  )
}
