import { Alert, Anchor, Button, CloseButton, Group, Kbd, Loader, Pill, Text, TextInput } from '@mantine/core'
import { useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import {
  EmptyState,
  ErrorState,
  formatAmount,
  formatCompactAmount,
  formatCount,
  Icon,
  PageHeader,
  SideSheet,
  useAddress,
} from '#platform/console'
import {
  contractorsQuery,
  type Facet,
  type Filters,
  isContradictory,
  longestQuery,
  readAsked,
  readFilters,
  type SearchResult,
} from './contractors.ts'
import { Facets } from './facets.tsx'
import { ResultSkeletons, Results } from './results.tsx'
import classes from './search.module.css'

export function Page() {
  const [filters, change] = useAddress(readFilters)
  const [asked] = useAddress(readAsked)
  const isUsable = JSON.stringify(asked) === JSON.stringify(filters)
  useEffect(() => {
    if (!isUsable) change({}, true)
  }, [isUsable, change])
  const [text, setText] = useTypedQuery(filters.q, q => change({ q }, filters.q !== ''))
  const [drawerOpen, drawer] = useDisclosure(false)
  const results = useRef<HTMLDivElement>(null)
  const query = useInfiniteQuery(contractorsQuery(filters))

  const first = query.data?.pages[0]
  const contractors = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data])
  const chosen = chips(filters, first)
  const isStale = query.isPlaceholderData

  const onSearchKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') {
      event.preventDefault()
      results.current?.querySelector<HTMLElement>('[data-result]')?.focus()
    }
    if (event.key === 'Escape' && text) setText('')
  }
  const facets = <Facets filters={filters} facets={first?.facets} change={change} isLost={query.isError} />

  return (
    <>
      <PageHeader
        title="Contractors"
        lead="Firms with federal contracts, from public award and registration records."
      />
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
        <aside className={classes.facets} aria-label="Filters">
          {facets}
        </aside>
        <div className={classes.results} ref={results}>
          <Group justify="space-between" mih={32} mb="xs" gap="xs" wrap="nowrap" align="flex-start">
            <Group gap={6}>
              <Text size="sm" fw={550} role="status" mr={6} className="figures">
                {countOf(first)}
              </Text>
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
            <Button
              className={classes.narrow}
              variant="default"
              size="xs"
              style={{ flex: 'none' }}
              leftSection={<Icon name="filter" size={15} />}
              onClick={drawer.open}
            >
              Filters{chosen.length > 0 && ` (${chosen.length})`}
            </Button>
          </Group>
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
            <Nothing filters={filters} isFiltered={chosen.length > 0} change={change} clearText={() => setText('')} />
          ) : (
            <Results
              contractors={contractors}
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

const noFilters = { state: [], naics: [], businessType: [], minValue: '', maxValue: '' }

type Chip = { key: string; label: string; without: Partial<Filters> }

function chips({ state, naics, businessType, minValue, maxValue }: Filters, page: SearchResult | undefined): Chip[] {
  const labelOf = (value: string, facets: readonly Facet[] = []) =>
    facets.find(facet => facet.value === value)?.label ?? value
  return [
    ...state.map(code => ({
      key: `state ${code}`,
      label: labelOf(code, page?.facets?.states),
      without: { state: state.filter(each => each !== code) },
    })),
    ...naics.map(code => ({
      key: `naics ${code}`,
      label: `NAICS ${code}`,
      without: { naics: naics.filter(each => each !== code) },
    })),
    ...businessType.map(type => ({
      key: `type ${type}`,
      label: labelOf(type, page?.facets?.businessTypes),
      without: { businessType: businessType.filter(each => each !== type) },
    })),
    ...(minValue ? [{ key: 'min', label: `from ${amountOf(minValue)}`, without: { minValue: '' } }] : []),
    ...(maxValue ? [{ key: 'max', label: `up to ${amountOf(maxValue)}`, without: { maxValue: '' } }] : []),
  ]
}

const amountOf = (value: string) =>
  /^\d+(\.\d+)?$/.test(value) ? (value.length > 4 ? formatCompactAmount(value) : formatAmount(value)) : value

function countOf(page: SearchResult | undefined): string {
  if (!page) return 'results'
  const { count, capped } = page.total
  return `${formatCount(count)}${capped ? '+' : ''} ${count === 1 ? 'contractor' : 'contractors'}`
}

function Nothing({ filters, isFiltered, change, clearText }: NothingProps) {
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
          From {amountOf(filters.minValue)} is more than up to {amountOf(filters.maxValue)}: no total contract value can
          be both.
        </EmptyState>
      </div>
    )
  }
  const next = isFiltered ? (
    <Button variant="default" onClick={() => change(noFilters)}>
      Clear the filters
    </Button>
  ) : filters.q ? (
    <Button variant="default" onClick={clearText}>
      Show all contractors
    </Button>
  ) : undefined
  return (
    <div className="panel">
      <EmptyState icon="search" title="No contractor fits" action={next}>
        {filters.q || isFiltered
          ? 'Try fewer words, the beginning of a name, or the exact UEI (12 characters) or CAGE code (5).'
          : 'No records have been imported yet. An administrator imports them with “commonhold contractors import”.'}
      </EmptyState>
    </div>
  )
}

type NothingProps = {
  filters: Filters
  isFiltered: boolean
  change: (change: Partial<Filters>) => void
  clearText: () => void
}
