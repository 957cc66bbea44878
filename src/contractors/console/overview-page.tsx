import { Alert, Button, SegmentedControl, Skeleton, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAgo,
  formatAmount,
  formatCompactAmount,
  formatCount,
  formatExactTime,
  formatTime,
  Icon,
  PageHeader,
  PageLink,
  Total,
  Totals,
  useAddress,
  useSession,
} from '#platform/console'
import classes from './overview.module.css'
import {
  askForRefresh,
  type Bar,
  barsOfAgencies,
  barsOfContractors,
  barsOfSectors,
  barsOfSizes,
  barsOfStates,
  barsOfStatuses,
  barsOfTypes,
  type Measure,
  readMeasure,
  type Summary,
  summaryQuery,
} from './overview.ts'
import { Bars, Counts, lengthOf, wordsOf, Years } from './overview-chart.tsx'

// The map's shapes are fetched after the numbers.
const UsMap = lazy(() => import('./us-map.tsx').then(({ UsMap }) => ({ default: UsMap })))

/** GG-22: the catalogue in numbers. */
export function Page() {
  const query = useQuery(summaryQuery)
  const summary = query.data
  return (
    <>
      <PageHeader
        title="Overview"
        lead={<Freshness refresh={summary?.refresh} />}
        actions={<RefreshButton summary={summary} />}
      />
      {query.isPending ? (
        <div role="status" aria-label="Loading the overview">
          <Skeleton height={84} mb="md" />
          <Skeleton height={360} />
        </div>
      ) : query.isError && !summary ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : summary && summary.totals.profiles === 0 ? (
        <NothingYet />
      ) : (
        summary && <Numbers summary={summary} />
      )}
    </>
  )
}

function Freshness({ refresh }: { refresh: Summary['refresh'] | undefined }) {
  if (!refresh) return 'All contractors in numbers.'
  const { refreshedAt, startedAt } = refresh
  return (
    <span role="status">
      {refreshedAt ? (
        <>
          All contractors in numbers, counted{' '}
          <time dateTime={refreshedAt} title={formatExactTime(refreshedAt)}>
            {formatAgo(refreshedAt)} ({formatTime(refreshedAt)})
          </time>
          .
        </>
      ) : (
        'All contractors in numbers. They are counted every hour.'
      )}
      {startedAt && ' They are being counted anew.'}
    </span>
  )
}

/** For operators: the catalogue is everybody's, and counting it is work for the database. */
function RefreshButton({ summary }: { summary: Summary | undefined }) {
  const { can } = useSession()
  const client = useQueryClient()
  const refreshing = useMutation({
    mutationFn: askForRefresh,
    onSuccess: async ({ isQueued }) => {
      notifications.show({
        message: isQueued
          ? 'The catalogue is counted anew; the numbers follow.'
          : 'It is waiting or under way already.',
      })
      // A worker takes it up within two seconds; from then on the summary says so itself.
      for (const after of [1_000, 2_500, 5_000, 10_000, 20_000]) {
        setTimeout(() => void client.invalidateQueries({ queryKey: summaryQuery.queryKey }), after)
      }
    },
    onError: error => notifications.show({ color: 'red', title: 'Not refreshed', message: error.message }),
  })
  if (!can('contractors.summary.refresh')) return null
  return (
    <Button
      variant="default"
      leftSection={<Icon name="chart" size={16} />}
      loading={refreshing.isPending || Boolean(summary?.refresh.startedAt)}
      onClick={() => refreshing.mutate()}
    >
      Refresh now
    </Button>
  )
}

function NothingYet() {
  const { can } = useSession()
  const mayImport = can('contractors.sources.manage')
  return (
    <div className="panel">
      <EmptyState
        icon="chart"
        title="Nothing has been counted yet"
        action={
          mayImport ? (
            <Button component={PageLink} to="/imports">
              Import contractors
            </Button>
          ) : (
            <Button component={PageLink} to="/contractors" variant="default">
              Search contractors
            </Button>
          )
        }
      >
        {mayImport
          ? 'Contractors are counted as soon as they are imported, and every hour. Of those that are here already the first numbers come by themselves, in a moment.'
          : 'An operator of this installation imports contractors; they are counted right after, and the numbers come by themselves.'}
      </EmptyState>
    </div>
  )
}

const measures = [
  { value: 'obligated', label: 'Obligated' },
  { value: 'contractors', label: 'Contractors' },
]

function Numbers({ summary }: { summary: Summary }) {
  const [{ by }, change] = useAddress(readMeasure)
  const { totals, refresh } = summary
  const bars = useMemo(() => {
    const sorted = (rows: Bar[]) => rows.sort((one, other) => lengthOf(other, by) - lengthOf(one, by))
    return {
      states: sorted(barsOfStates(summary.states)),
      sectors: sorted(barsOfSectors(summary.sectors)),
      agencies: sorted(barsOfAgencies(summary.agencies)),
      types: sorted(barsOfTypes(summary.businessTypes)),
      sizes: barsOfSizes(summary.sizes),
      statuses: sorted(barsOfStatuses(summary.statuses)),
      years: summary.fiscalYears.map(count => ({ ...count, name: `Fiscal year ${count.key}` })),
      contractors: barsOfContractors(summary.contractors),
    }
  }, [summary, by])
  return (
    <>
      {refresh.failure && (
        <Alert color="yellow" variant="light" icon={<Icon name="alert" />} mb="md" title="The last refresh has failed">
          <Text size="sm">
            {refresh.failedAt && `${formatTime(refresh.failedAt)}: `}
            {refresh.failure} The numbers are those of the refresh before.
          </Text>
        </Alert>
      )}
      <Totals>
        <Total label="Contractors" value={formatCount(totals.profiles ?? 0)} />
        <Total label="With active awards" value={formatCount(totals.activeProfiles ?? 0)} />
        <Total label="Awards" value={formatCount(totals.awards)} />
        <Total label="Obligated" value={formatCompactAmount(totals.obligated)} title={formatAmount(totals.obligated)} />
      </Totals>
      <SegmentedControl
        aria-label="What the charts compare"
        data={measures}
        value={by}
        onChange={value => change({ by: value as Measure })}
        mb="md"
        size="sm"
      />
      <div className={classes.charts}>
        <Counts title="By state" noun="State" note={noteOf(by)} rows={bars.states} by={by} isWide>
          <div className={classes.places}>
            <div className={classes.map}>
              <Suspense fallback={<Skeleton height={260} />}>
                <StateMap states={bars.states} by={by} />
              </Suspense>
            </div>
            <Bars rows={bars.states} by={by} drawn={8} />
          </div>
        </Counts>
        <Counts
          title="By fiscal year"
          noun="Fiscal year"
          note={`${by === 'obligated' ? 'Dollars obligated' : 'Awards'}, by the year from October in which an award was signed`}
          rows={bars.years}
          by={by}
          isWide
        >
          <Years rows={bars.years} by={by} />
        </Counts>
        <Counts
          title="By industry"
          noun="Sector"
          note="Sector of the primary industry (NAICS)"
          rows={bars.sectors}
          by={by}
        />
        <Counts
          title="By agency"
          noun="Agency"
          note={
            summary.agencyCount > summary.agencies.length
              ? `The ${summary.agencies.length} with the most obligated, of ${formatCount(summary.agencyCount)}`
              : 'That have awarded'
          }
          rows={bars.agencies}
          by={by}
        />
        <Counts title="By size" noun="Size" note="By total contract value" rows={bars.sizes} by={by} />
        <Counts
          title="By business type"
          noun="Business type"
          note="A contractor may have several"
          rows={bars.types}
          by={by}
        />
        <Counts title="By registration" noun="Registration" note="Status in SAM" rows={bars.statuses} by={by} />
        <Counts
          title="Greatest contractors"
          noun="Contractor"
          note="By dollars obligated"
          rows={bars.contractors}
          by="obligated"
          drawn={10}
        />
      </div>
    </>
  )
}

const noteOf = (by: Measure) => (by === 'obligated' ? 'Dollars obligated to contractors there' : 'Contractors there')

function StateMap({ states, by }: { states: readonly Bar[]; by: Measure }) {
  const highest = Math.max(...states.filter(({ key }) => key !== '').map(state => lengthOf(state, by)), 1)
  const shades = new Map(
    states.map(state => [state.key, { share: lengthOf(state, by) / highest, text: wordsOf(state) }]),
  )
  return (
    <UsMap
      title={`Map of the United States: ${by === 'obligated' ? 'dollars obligated' : 'contractors'} by state. The same is in the table.`}
      shades={shades}
      pins={noPins}
    />
  )
}

const noPins: ReadonlyMap<string, never> = new Map<string, never>()
