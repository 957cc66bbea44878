import { formatAgo, formatExactTime } from '#platform/console'

/** How long ago something was, or how soon it is; pointed at, the exact time in the user's own zone. */
export const Ago = ({ at }: { at: string }) => (
  <time dateTime={at} title={formatExactTime(at)}>
    {formatAgo(at)}
  </time>
)
