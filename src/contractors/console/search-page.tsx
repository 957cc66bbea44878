import {
  Alert,
  Anchor,
  Button,
  CloseButton,
  Group,
  Kbd,
  Loader,
  NativeSelect,
  Pill,
  Switch,
  Text,
  TextInput,
} from '@mantine/core'
import { useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatCount,
  formatDay,
  Icon,
  PageHeader,
  SideSheet,
  useAddress,
  useSession,
} from '#platform/console'
import { AddSelection } from './add-selection.tsx'
import {
  contractorsQuery,
  type Facet,
  type Filters,
  isContradictory,
  longestQuery,
  readAsked,
  readFilters,
  type SearchResult,
  searchOf,
  sorts,
  termsOf,
} from './contractors.ts'
import { ExportButton } from './export-button.tsx'
import { Facets } from './facets.tsx'
import { ResultSkeletons, Results } from './results.tsx'
import { SaveSearch } from './save-search.tsx'
import { SavedBanner } from './saved-banner.tsx'
import { markSeen, savedSearchQuery } from './saved-searches.ts'
import classes from './search.module.css'
import { SelectionAction, SelectionBar, useTicks } from './selection-bar.tsx'
import { amountInWords, certifications, wordsOf } from './terms.ts'

/** So many are compared side by side at most. */
const mostCompared = 5

export function Page() {
  const [filters, change] = useAddress(readFilters)
  const [asked] = useAddress(readAsked)
  const isUsable = JSON.stringify(asked) === JSON.stringify(filters)
  useEffect(() => {
    if (!isUsable) change({}, true)
  }, [isUsable, change])
  const [text, setText] = useTypedQuery(filters.q, q => change({ q }, filters.q !== ''))
  const [drawerOpen, drawer] = useDisclosure(false)
  const [isSaving, saving] = useDisclosure(false)
  const results = useRef<HTMLDivElement>(null)
  const navigate = useNavigate()
  const { can } = useSession()
  const query = useInfiniteQuery(contractorsQuery(filters))
  const saved = useSaved(filters.saved)

  const first = query.data?.pages[0]
  const contractors = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const families = useMemo(
    () => new Map(query.data?.pages.flatMap(page => page.families ?? []).map(family => [family.contractorId, family])),
    [query.data],
  )
  const shown = useMemo(() => contractors.map(({ id }) => id), [contractors])
  const ticks = useTicks(JSON.stringify(termsOf(filters)), shown)
  const chosen = chips(filters, first)
  const isStale = query.isPlaceholderData
  const search = searchOf(filters, first?.correctedQuery)
  const selection = ticks.isWhole ? { search } : { ids: ticks.ids }

  const onSearchKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') {
      event.preventDefault()
      results.current?.querySelector<HTMLElement>('[data-result]')?.focus()
    }
    if (event.key === 'Escape' && text) setText('')
  }
  const facets = <Facets filters={filters} facets={first?.facets} change={change} isLost={query.isError} />
  const compare = () => void navigate({ to: '/contractors/compare', search: { ids: ticks.ids } as never })

  return (
    <>
      <PageHeader
        title="Contractors"
        lead="Firms with federal contracts, from public award and registration records."
        actions={
          <Group gap="xs">
            {can('contractors.searches.save') && (
              <Button variant="default" leftSection={<Icon name="bell" size={16} />} onClick={saving.open}>
                Save search
              </Button>
            )}
            <ExportButton selection={{ search }} />
          </Group>
        }
      />
      {saved.data && (
        <SavedBanner
          saved={saved.data.savedSearch}
          unseen={saved.data.unseen.length}
          search={search}
          leave={() => change({ saved: '' })}
        />
      )}
      <TextInput
        data-search
        size="md"
        type="text"
        role="searchbox"
        aria-label="Search contractors"
        placeholder="Name, UEI or CAGE code"
        autoComplete="off"
        spellCheck={false}
        maxLength={longestQuery}
        value={text}
        onChange={event => setText(event.currentTarget.value)}
        onKeyDown={onSearchKey}
        leftSection={query.isFetching && isStale ? <Loader size={16} /> : <Icon name="search" />}
        rightSectionWidth={44}
        rightSection={
          text ? (
            <CloseButton aria-label="Clear the search" onClick={() => setText('')} />
          ) : (
            <Kbd size="xs" visibleFrom="sm">
              /
            </Kbd>
          )
        }
        mb="md"
      />
      <div className={classes.columns}>
        <aside className={`${classes.facets} off-paper`} aria-label="Filters">
          {facets}
        </aside>
        <div className={classes.results} ref={results}>
          <Group justify="space-between" mih={32} mb="xs" gap="xs" align="center">
            <Text size="sm" fw={550} role="status" className="figures">
              {countOf(first)}
            </Text>
            <Button
              className={classes.narrow}
              variant="default"
              size="xs"
              ml="auto"
              leftSection={<Icon name="filter" size={15} />}
              onClick={drawer.open}
            >
              Filters{chosen.length > 0 && ` (${chosen.length})`}
            </Button>
            <Group gap="sm">
              <Switch
                size="xs"
                label="Roll up to parents"
                checked={filters.rollUp !== ''}
                onChange={event => change({ rollUp: event.currentTarget.checked ? 'true' : '' })}
              />
              <NativeSelect
                className="off-paper"
                size="xs"
                aria-label="Sort by"
                value={filters.sort}
                data={Object.entries(sorts).map(([value, label]) => ({ value, label }))}
                onChange={event => change({ sort: event.currentTarget.value })}
              />
            </Group>
          </Group>
          {chosen.length > 0 && (
            <Group gap={6} mb="sm">
              {chosen.map(({ key, label, without }) => (
                <Pill
                  key={key}
                  withRemoveButton
                  onRemove={() => change(without)}
                  removeButtonProps={{ 'aria-label': `Remove the filter ${label}`, tabIndex: 0, 'aria-hidden': false }}
                >
                  {label}
                </Pill>
              ))}
              {chosen.length > 1 && (
                <Anchor component="button" type="button" size="sm" onClick={() => change(noFilters)}>
                  Clear all
                </Anchor>
              )}
            </Group>
          )}
          {first?.correctedQuery && !isStale && (
            <Alert variant="light" py={8} mb="sm" icon={<Icon name="info" />}>
              Nothing is named “{filters.q}”. Showing results for <strong>{first.correctedQuery}</strong>.
            </Alert>
          )}
          {query.isPending ? (
            <ResultSkeletons />
          ) : query.isError && contractors.length === 0 ? (
            <ErrorState error={query.error} retry={() => void query.refetch()} />
          ) : contractors.length === 0 ? (
            <Nothing
              filters={filters}
              chosen={chosen}
              change={change}
              clearText={() => setText('')}
              corrected={first?.correctedQuery}
            />
          ) : (
            <Results
              contractors={contractors}
              families={families}
              news={saved.news}
              ticks={ticks}
              isStale={isStale}
              query={first?.correctedQuery ?? filters.q}
              total={first?.total}
              more={
                query.hasNextPage && !isStale
                  ? { load: () => void query.fetchNextPage(), isLoading: query.isFetchingNextPage, error: query.error }
                  : undefined
              }
            />
          )}
        </div>
      </div>
      <SelectionBar ticks={ticks} total={first?.total}>
        <AddSelection selection={selection} done={ticks.clear} />
        <SelectionAction
          disabled={ticks.isWhole || ticks.ids.length < 2 || ticks.ids.length > mostCompared}
          title={`Two to ${mostCompared} are compared side by side`}
          onClick={compare}
        >
          {ticks.isWhole || ticks.ids.length > mostCompared ? `Compare up to ${mostCompared}` : 'Compare'}
        </SelectionAction>
        <ExportButton selection={selection} size="xs" />
      </SelectionBar>
      {isSaving && (
        <SaveSearch
          search={search}
          suggestion={wordsOf(search, namesIn(first)).slice(0, 80)}
          close={saving.close}
          done={made => change({ saved: made.id }, true)}
        />
      )}
      <SideSheet
        opened={drawerOpen}
        onClose={drawer.close}
        title="Filters"
        position="right"
        size={330}
        closeLabel="Close the filters"
      >
        {facets}
        <Button fullWidth onClick={drawer.close}>
          Show {countOf(first)}
        </Button>
      </SideSheet>
    </>
  )
}

const nobody: ReadonlySet<string> = new Set()

/** The saved search of the address, if it is one's own. What is new in it stays marked until one leaves, and is seen. */
function useSaved(id: string) {
  const client = useQueryClient()
  const { data } = useQuery({ ...savedSearchQuery(id), enabled: id !== '', retry: false })
  const seen = useRef('')
  useEffect(() => {
    if (!data || seen.current === data.savedSearch.id) return
    seen.current = data.savedSearch.id
    if (data.savedSearch.newCount === 0) return
    void markSeen(data.savedSearch.id).then(() =>
      client.invalidateQueries({ queryKey: ['saved-searches'], exact: true }),
    )
  }, [data, client])
  // The next visit asks again.
  useEffect(() => () => client.removeQueries({ queryKey: ['saved-searches', id], exact: true }), [client, id])
  const news = useMemo(() => (data ? new Set(data.unseen) : nobody), [data])
  return { data: id === '' ? undefined : data, news }
}

/** The text as it is typed; the address follows when the typing rests, and leads when one goes back. */
function useTypedQuery(q: string, settle: (q: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(q)
  const [rested] = useDebouncedValue(text, 180)
  const known = useRef(q)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the resting of the text settles it
  useEffect(() => {
    const wanted = rested.trim()
    if (wanted === known.current) return
    known.current = wanted
    settle(wanted)
  }, [rested])
  useEffect(() => {
    if (q === known.current) return
    known.current = q
    setText(q)
  }, [q])
  return [text, setText]
}

const noFilters = {
  state: [],
  city: '',
  district: [],
  naics: [],
  businessType: [],
  certification: [],
  agency: [],
  status: [],
  registeredSince: '',
  minValue: '',
  maxValue: '',
  hasActiveContracts: '',
} satisfies Partial<Filters>

type Chip = { key: string; label: string; without: Partial<Filters> }

function chips(filters: Filters, page: SearchResult | undefined): Chip[] {
  type Many = 'state' | 'district' | 'naics' | 'businessType' | 'certification' | 'agency' | 'status'
  const each = (name: Many, label: (value: string) => string): Chip[] =>
    filters[name].map(value => ({
      key: `${name} ${value}`,
      label: label(value),
      without: { [name]: filters[name].filter(other => other !== value) },
    }))
  const one = (name: keyof Filters, label: (value: string) => string): Chip[] => {
    const value = filters[name]
    return typeof value === 'string' && value !== ''
      ? [{ key: name, label: label(value), without: { [name]: '' } }]
      : []
  }
  const named = (facets: readonly Facet[] | undefined) => (value: string) =>
    facets?.find(facet => facet.value === value)?.label ?? value
  return [
    ...each('state', named(page?.facets?.states)),
    ...one('city', city => city),
    ...each('district', district => district),
    ...each('naics', code => `NAICS ${code}`),
    ...each('businessType', named(page?.facets?.businessTypes)),
    ...each('certification', code => certifications[code] ?? code),
    ...each('agency', named(page?.facets?.agencies)),
    ...each('status', status => status),
    ...one('registeredSince', day => `registered since ${formatDay(day)}`),
    ...one('minValue', amount => `from ${amountInWords(amount)}`),
    ...one('maxValue', amount => `up to ${amountInWords(amount)}`),
    ...one('hasActiveContracts', () => 'with active contracts'),
  ]
}

/** Of the codes that are among the filters. */
function namesIn(page: SearchResult | undefined): Record<string, string> {
  const { agencies = [], businessTypes = [] } = page?.facets ?? {}
  return Object.fromEntries([
    ...agencies.map(({ value, label }) => [`agency ${value}`, label]),
    ...businessTypes.map(({ value, label }) => [`businessType ${value}`, label]),
  ])
}

function countOf(page: SearchResult | undefined): string {
  if (!page) return 'results'
  const { count, capped } = page.total
  return `${formatCount(count)}${capped ? '+' : ''} ${count === 1 ? 'contractor' : 'contractors'}`
}

function Nothing({ filters, chosen, change, clearText, corrected }: NothingProps) {
  if (isContradictory(filters)) {
    return (
      <div className="panel">
        <EmptyState
          icon="search"
          title="No value is in this range"
          action={
            <Button variant="default" onClick={() => change({ minValue: '', maxValue: '' })}>
              Clear the range
            </Button>
          }
        >
          From {amountInWords(filters.minValue)} is more than up to {amountInWords(filters.maxValue)}: no total contract
          value can be both.
        </EmptyState>
      </div>
    )
  }
  const ways = [
    ...(chosen.length > 0 ? [{ label: 'Clear the filters', go: () => change(noFilters) }] : []),
    ...(filters.rollUp ? [{ label: 'Do not roll up to parents', go: () => change({ rollUp: '' }) }] : []),
    ...(filters.q && chosen.length === 0 ? [{ label: 'Show all contractors', go: clearText }] : []),
  ]
  const isAsked = filters.q !== '' || chosen.length > 0 || filters.rollUp !== ''
  return (
    <div className="panel">
      <EmptyState
        icon="search"
        title="No contractor fits"
        action={ways.map(({ label, go }) => (
          <Button key={label} variant="default" onClick={go}>
            {label}
          </Button>
        ))}
      >
        {!isAsked
          ? 'No records have been imported yet. An administrator imports them with “commonhold contractors import”.'
          : chosen.length > 0 && corrected !== undefined
            ? `Names with “${corrected}” there are, but none that the filters let through.`
            : chosen.length > 0
              ? 'Take away a filter, one by one above or all at once.'
              : 'Try fewer words, the beginning of a name, or the exact UEI (12 characters) or CAGE code (5).'}
      </EmptyState>
    </div>
  )
}

type NothingProps = {
  filters: Filters
  chosen: readonly Chip[]
  change: (change: Partial<Filters>) => void
  clearText: () => void
  corrected: string | undefined
}
