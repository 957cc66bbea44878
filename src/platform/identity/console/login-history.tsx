import { Card, Group, SegmentedControl, Skeleton, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, formatCount, formatTime, Icon, LoadMore, TableSwitch } from '#platform/console'
import {
  type Login,
  type LoginMonth,
  loginMonthsQuery,
  loginsQuery,
  methodsInWords,
  whereabouts,
} from './own-sessions.ts'
import classes from './sessions.module.css'

/** Who came into the account and who tried to: by month, and one by one. */
export function LoginHistory() {
  const [status, setStatus] = useState<'all' | Login['status']>('all')
  const query = useInfiniteQuery(loginsQuery(status === 'all' ? undefined : status))
  const logins = query.data?.pages.flatMap(page => page.items) ?? []
  return (
    <Card withBorder component="section" aria-labelledby="logins">
      <Title order={2} size="h4" id="logins">
        Sign-in history
      </Title>
      <Text c="dimmed" size="sm" mt={4}>
        Failures that are not yours mean that somebody knows your address; a second factor keeps them out.
      </Text>
      <Months />
      <SegmentedControl
        mt="md"
        mb="sm"
        size="xs"
        style={{ alignSelf: 'start' }}
        aria-label="Which sign-ins"
        value={status}
        onChange={value => setStatus(value as typeof status)}
        data={[
          { value: 'all', label: 'All' },
          { value: 'success', label: 'Signed in' },
          { value: 'failed', label: 'Failed' },
        ]}
      />
      {query.isPending ? (
        <Skeleton height={180} />
      ) : query.isError && logins.length === 0 ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : logins.length === 0 ? (
        <EmptyState icon="clock" title={status === 'failed' ? 'No failed sign-ins' : 'No sign-ins yet'} order={2}>
          {status === 'failed' ? 'Every sign-in to your account has succeeded.' : 'They are kept from now on.'}
        </EmptyState>
      ) : (
        <ul className={classes.items} aria-label="Sign-ins">
          {logins.map(login => (
            <Entry key={login.id} login={login} />
          ))}
        </ul>
      )}
      <LoadMore query={query} label="Show more" />
    </Card>
  )
}

function Entry({ login }: { login: Login }) {
  const isFailure = login.status === 'failed'
  return (
    <li className={classes.entry}>
      <span className={isFailure ? classes.failed : undefined}>
        <Icon name={isFailure ? 'alert' : 'check'} size={16} />
      </span>
      <span>
        <span className={isFailure ? classes.failed : undefined}>{isFailure ? 'Failed' : 'Signed in'}</span>
        <span className={classes.about}>
          {isFailure ? `: ${login.failureReason ?? 'refused'}` : ` ${methodsInWords(login.methods)}`}
        </span>
      </span>
      <span>
        {login.device.words}
        <div className={classes.about}>{whereabouts(login)}</div>
      </span>
      <time dateTime={login.createdAt} className={classes.when}>
        {formatTime(login.createdAt)}
      </time>
    </li>
  )
}

function Months() {
  const { data, isPending, error, refetch } = useQuery(loginMonthsQuery)
  const [isTable, setTable] = useState(false)
  if (isPending) return <Skeleton height={150} mt="sm" />
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <>
      <Group justify="space-between" gap="xs" mt="sm">
        <Text size="xs" c="dimmed">
          <span className={`${classes.key} ${classes.successes}`} />
          Signed in
          <span className={`${classes.key} ${classes.failures}`} style={{ marginLeft: 14 }} />
          Failed
        </Text>
        <TableSwitch title="Sign-ins by month" size="xs" isTable={isTable} change={setTable} />
      </Group>
      {isTable ? <MonthTable months={data.items} /> : <MonthBars months={data.items} />}
    </>
  )
}

function MonthBars({ months }: { months: readonly LoginMonth[] }) {
  const highest = Math.max(1, ...months.map(({ successes, failures }) => successes + failures))
  // A single failure among a thousand sign-ins must be seen.
  const height = (count: number) => (count === 0 ? '0' : `max(3px, ${(count / highest) * 96}%)`)
  return (
    <>
      <div className={classes.chart} role="img" aria-label={describe(months)}>
        {months.map(month => (
          <div key={month.month} className={classes.month} title={countsOf(month)}>
            <div className={`${classes.bar} ${classes.failures}`} style={{ height: height(month.failures) }} />
            <div className={`${classes.bar} ${classes.successes}`} style={{ height: height(month.successes) }} />
          </div>
        ))}
      </div>
      <div className={classes.months} aria-hidden="true">
        {months.map(({ month }) => (
          <span key={month}>{nameOf(month, 'short')}</span>
        ))}
      </div>
    </>
  )
}

function MonthTable({ months }: { months: readonly LoginMonth[] }) {
  return (
    <table className="data" aria-label="Sign-ins by month">
      <thead>
        <tr>
          <th>Month</th>
          <th className="number">Signed in</th>
          <th className="number">Failed</th>
        </tr>
      </thead>
      <tbody>
        {months.toReversed().map(({ month, successes, failures }) => (
          <tr key={month}>
            <td>{nameOf(month, 'long')}</td>
            <td className="number">{formatCount(successes)}</td>
            <td className="number">{formatCount(failures)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** A month of the person's own calendar, which no zone may move. */
function nameOf(month: string, length: 'short' | 'long'): string {
  const year = length === 'long' ? 'numeric' : undefined
  return new Intl.DateTimeFormat('en-GB', { month: length, year, timeZone: 'UTC' }).format(new Date(`${month}-01`))
}

function countsOf({ month, successes, failures }: LoginMonth): string {
  return `${nameOf(month, 'long')}: ${formatCount(successes)} signed in, ${formatCount(failures)} failed`
}

function describe(months: readonly LoginMonth[]): string {
  const busy = months.filter(({ successes, failures }) => successes + failures > 0)
  return `Sign-ins of the last twelve months. ${busy.map(countsOf).join('. ')}`
}
