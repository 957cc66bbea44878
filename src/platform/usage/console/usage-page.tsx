import { SegmentedControl, Skeleton, Text, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { ErrorState, formatInstantDay, oneOf, PageHeader, type Search, useAddress, useSession } from '#platform/console'
import { UsageChart } from './chart.tsx'
import { Meter } from './meter.tsx'
import classes from './usage.module.css'
import { type Limits, limitsQuery, type Period, usageQuery } from './usage.ts'

/** The plan of a workspace, how much of it is used, and what was used when. */
export function Page() {
  const { tenant } = useSession()
  const limits = useQuery(limitsQuery)
  return (
    <>
      <PageHeader title="Usage" lead={`What ${tenant?.name ?? 'this workspace'} uses, and how much its plan allows.`} />
      {limits.error ? (
        <ErrorState error={limits.error} retry={() => void limits.refetch()} />
      ) : limits.data ? (
        <PlanPanel limits={limits.data} />
      ) : (
        <div role="status" aria-label="Loading the plan">
          <Skeleton height={190} />
        </div>
      )}
      <Charts />
    </>
  )
}

const statusWords = {
  trialing: 'Trial',
  active: '',
  past_due: 'A payment is due',
  canceled: 'Canceled',
} as const

function PlanPanel({ limits: { plan, limits } }: { limits: Limits }) {
  const notes = [
    plan.description,
    statusWords[plan.subscriptionStatus],
    plan.trialEndsAt && plan.subscriptionStatus === 'trialing' && `until ${formatInstantDay(plan.trialEndsAt)}`,
  ].filter(Boolean)
  return (
    <section className="panel" style={{ padding: '16px 20px 20px' }} aria-labelledby="plan-title">
      <Title order={2} size="h4" id="plan-title">
        Plan {plan.displayName}
      </Title>
      {notes.length > 0 && (
        <Text size="sm" c="dimmed" mt={2}>
          {notes.join('. ')}
        </Text>
      )}
      <div className={classes.meters}>
        {limits.map(limit => (
          <Meter key={limit.metric} limit={limit} />
        ))}
      </div>
    </section>
  )
}

const ranges = [
  { value: 'hour', label: '48 hours' },
  { value: 'day', label: '30 days' },
  { value: 'month', label: '12 months' },
]

const readPeriod = (search: Search): { by: Period } => {
  const by = oneOf(search.by)
  return { by: by === 'hour' || by === 'month' ? by : 'day' }
}

function Charts() {
  const [{ by }, change] = useAddress(readPeriod)
  const { data, error, isPlaceholderData, refetch } = useQuery({ ...usageQuery(by), placeholderData: keepPreviousData })
  return (
    <section aria-labelledby="used-title">
      <div className={classes.chartsHead}>
        <div>
          <Title order={2} size="h4" id="used-title">
            Over time
          </Title>
          <Text size="xs" c="dimmed">
            {by === 'hour' ? 'Hours in your own time zone.' : 'Days and months are counted in UTC.'}
          </Text>
        </div>
        <SegmentedControl
          aria-label="How far back"
          size="xs"
          value={by}
          data={ranges}
          onChange={value => change({ by: value as Period })}
        />
      </div>
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data ? (
        <div className={classes.charts} style={{ opacity: isPlaceholderData ? 0.6 : 1 }} aria-busy={isPlaceholderData}>
          {data.series.map(series => (
            <UsageChart key={series.metric} series={series} by={data.by} />
          ))}
        </div>
      ) : (
        <div role="status" aria-label="Loading what was used">
          <Skeleton height={240} />
        </div>
      )}
    </section>
  )
}
