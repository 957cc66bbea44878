import { Anchor, Badge, Button, Center, Checkbox, Skeleton, Text } from '@mantine/core'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { formatAmount, formatCompactAmount, formatCount, PageLink } from '#platform/console'
import { type Contractor, type Family, otherNameFor, placeOf, type SearchResult } from './contractors.ts'
import { FavouriteButton, ListMenu } from './list-menu.tsx'
import classes from './search.module.css'
import type { Ticks } from './selection-bar.tsx'
import { type More, useWindowRows } from './window-rows.ts'

const rowHeight = 66
const skeletonWidths = ['52%', '38%', '61%', '45%', '70%', '41%', '57%', '36%', '64%']

/** The found contractors. Only rows near the window are in the page, and the next page is fetched before it is reached. */
export function Results({ contractors, families, news, ticks, isStale, query, total, more }: ResultsProps) {
  const [wanted, setWanted] = useState<number>()
  const focused = useRef<number>(undefined)
  const keys = useMemo(() => contractors.map(({ id }) => id), [contractors])
  const rows = useWindowRows<HTMLUListElement>({ keys, height: rowHeight, more })
  const { list } = rows
  const isWhole = contractors.length > 0 && contractors.every(({ id }) => ticks.isTicked(id))

  // A row that is far away comes into the page first, then it can take the focus.
  useEffect(() => {
    if (wanted === undefined) return
    if (!list.current?.contains(document.activeElement)) return setWanted(undefined)
    const link = list.current.querySelector<HTMLElement>(`[data-result="${wanted}"]`)
    if (!link) return
    link.focus({ preventScroll: true })
    setWanted(undefined)
  })

  // Other results take the place of a row, also of the one that has the focus: without this the next key would be lost.
  useEffect(() => {
    if (focused.current === undefined || document.activeElement !== document.body) return
    list.current
      ?.querySelector<HTMLElement>(`[data-result="${Math.min(focused.current, contractors.length - 1)}"]`)
      ?.focus({ preventScroll: true })
  })

  const onKeyDown = (event: KeyboardEvent) => {
    const at = Number((event.target as HTMLElement).dataset.result)
    if (Number.isNaN(at)) return
    // With Shift an x is an X.
    if (event.key === ' ' || event.key.toLowerCase() === 'x') {
      event.preventDefault()
      const contractor = contractors[Math.min(wanted ?? at, contractors.length - 1)]
      if (contractor) ticks.toggle(contractor.id, event.shiftKey)
      return
    }
    const end = contractors.length - 1
    // A key may come before the focus is where the one before has sent it; and the first row of the next page is waited for.
    const from = wanted ?? at
    const to = { ArrowDown: Math.min(from + 1, more ? end + 1 : end), ArrowUp: from - 1, Home: 0, End: end }[event.key]
    if (to === undefined) return
    event.preventDefault()
    if (to < 0) return document.querySelector<HTMLElement>('[data-search]')?.focus()
    rows.scrollTo(Math.min(to, end))
    const link = list.current?.querySelector<HTMLElement>(`[data-result="${to}"]`)
    link?.focus({ preventScroll: true })
    setWanted(link ? undefined : to)
  }

  return (
    <div className="panel">
      <div className={classes.head}>
        <Checkbox
          size="xs"
          aria-label="Select all that are shown"
          checked={isWhole}
          indeterminate={!isWhole && ticks.ids.length > 0}
          onChange={event =>
            event.currentTarget.checked ? ticks.tickAll(contractors.map(({ id }) => id)) : ticks.clear()
          }
        />
        <span />
        <span>Contractor</span>
        <span className={classes.industry}>Industry</span>
        <span>Contract value</span>
        <span>Active / done</span>
        <span />
      </div>
      <ul
        ref={list}
        className={`${classes.list} ${isStale ? classes.busy : ''}`}
        style={{ height: rows.total }}
        aria-label="Contractors found"
        aria-busy={isStale}
        onKeyDown={onKeyDown}
        onFocus={({ target }) => {
          focused.current = target.dataset.result === undefined ? undefined : Number(target.dataset.result)
        }}
        onBlur={() => {
          focused.current = undefined
        }}
      >
        {rows.shown.map(({ index, key, top }) => {
          const contractor = contractors[index]
          return (
            contractor && (
              <li
                key={key}
                data-index={index}
                ref={rows.measure}
                className={classes.item}
                style={{ transform: `translateY(${top}px)` }}
                aria-setsize={total && !total.capped ? total.count : -1}
                aria-posinset={index + 1}
              >
                <Row
                  contractor={contractor}
                  family={families.get(contractor.id)}
                  isNew={news.has(contractor.id)}
                  ticks={ticks}
                  index={index}
                  query={query}
                />
              </li>
            )
          )
        })}
      </ul>
      {more && total && (
        <p className="on-paper">
          The first {formatCount(contractors.length)} of {formatCount(total.count)}
          {total.capped && '+'}. An export as PDF or as a spreadsheet has all of them.
        </p>
      )}
      {more ? (
        <Center p="sm">
          <Button variant="default" size="xs" loading={more.isLoading} onClick={more.load}>
            Load more
          </Button>
        </Center>
      ) : (
        contractors.length > 12 && (
          <Text size="xs" c="dimmed" ta="center" p="sm">
            That is all of them.
          </Text>
        )
      )}
    </div>
  )
}

type ResultsProps = {
  contractors: readonly Contractor[]
  /** By who stands for them, where results are rolled up. */
  families: ReadonlyMap<string, Family>
  /** Ids of those that are new in the saved search that is shown. */
  news: ReadonlySet<string>
  ticks: Ticks
  isStale: boolean
  /** What was looked for, corrected. */
  query: string
  total: SearchResult['total'] | undefined
  more: More | undefined
}

function Row({ contractor, family, isNew, ticks, index, query }: RowProps) {
  const other = otherNameFor(query, contractor)
  const place = placeOf(contractor)
  const { naicsCode, naicsDescription } = contractor
  const { totalContractValue, activeContractsCount, completedContractsCount } = family ?? contractor
  return (
    <div className={`${classes.row} ${ticks.isTicked(contractor.id) ? classes.ticked : ''}`}>
      <div className={`${classes.above} ${classes.tick}`}>
        <Checkbox
          size="xs"
          aria-label={`Select ${contractor.name}`}
          checked={ticks.isTicked(contractor.id)}
          onChange={() => {}}
          onClick={event => ticks.toggle(contractor.id, event.shiftKey)}
        />
      </div>
      <div className={classes.above}>
        <FavouriteButton contractor={contractor} />
      </div>
      <div style={{ minWidth: 0 }}>
        <Text lineClamp={3} component="div" lh={1.35}>
          {isNew && (
            <Badge size="xs" variant="light" mr={6} className={classes.new}>
              New
            </Badge>
          )}
          <PageLink
            to="/contractors/$id"
            params={{ id: contractor.id }}
            search={family?.isNamedOnly ? { section: 'family' } : {}}
            preload={false}
            className={classes.name}
            data-result={index}
          >
            {family?.isNamedOnly ? family.name : contractor.name}
          </PageLink>
        </Text>
        {family?.isNamedOnly && (
          <Text size="xs" component="div">
            <Members family={family} />, the largest{' '}
            <Anchor
              component={PageLink}
              to="/contractors/$id"
              params={{ id: contractor.id }}
              preload={false}
              inherit
              className={classes.above}
            >
              {contractor.name}
            </Anchor>
          </Text>
        )}
        {other && (
          <Text size="xs" truncate title={other.name}>
            {other.kind} {other.name}
          </Text>
        )}
        <div className={classes.meta}>
          <span className="code">{family?.uei ?? contractor.uei}</span>
          {contractor.cageCode && !family?.isNamedOnly && (
            <span>
              CAGE <span className="code">{contractor.cageCode}</span>
            </span>
          )}
          {family?.isNamedOnly ? <span>no profile of its own</span> : place && <span>{place}</span>}
          {family && !family.isNamedOnly && <Members family={family} />}
          {naicsCode && <span className={classes.industryCompact}>NAICS {naicsCode}</span>}
        </div>
      </div>
      <div className={classes.industry}>
        {naicsDescription && (
          <Text size="sm" lineClamp={2} lh={1.35} title={naicsDescription}>
            {naicsDescription}
          </Text>
        )}
        {naicsCode && (
          <Text size="xs" c="dimmed" className="figures">
            {naicsCode}
          </Text>
        )}
      </div>
      <div className={classes.value}>
        {totalContractValue === null ? (
          <Text size="sm" c="dimmed" title="No award of this contractor is known">
            –
          </Text>
        ) : (
          <Text size="sm" fw={550} title={formatAmount(totalContractValue)} className={classes.above} component="span">
            {formatCompactAmount(totalContractValue)}
          </Text>
        )}
      </div>
      <div className={classes.counts}>
        {formatCount(activeContractsCount)}
        <Text span c="dimmed" inherit>
          {' / '}
          {formatCount(completedContractsCount)}
        </Text>
      </div>
      <div className={classes.above}>
        <ListMenu contractor={contractor} />
      </div>
    </div>
  )
}

/** How many a family has: a link that lists them. */
function Members({ family: { contractorId, contractorCount, isNamedOnly } }: { family: Family }) {
  return (
    <Anchor
      component={PageLink}
      to="/contractors/$id"
      params={{ id: contractorId }}
      search={{ section: 'family' }}
      preload={false}
      inherit
      className={classes.above}
    >
      {isNamedOnly ? `${formatCount(contractorCount)} members` : `with ${formatCount(contractorCount - 1)} below it`}
    </Anchor>
  )
}

type RowProps = {
  contractor: Contractor
  family: Family | undefined
  isNew: boolean
  ticks: Ticks
  index: number
  query: string
}

export function ResultSkeletons() {
  return (
    <div className="panel" role="status" aria-label="Searching">
      {skeletonWidths.map(width => (
        <div
          key={width}
          className={classes.row}
          style={{ height: rowHeight, borderBottom: '1px solid var(--ch-line)' }}
        >
          <Skeleton height={16} width={16} ml={6} />
          <Skeleton circle height={18} ml={8} />
          <div>
            <Skeleton height={13} width={width} mb={8} />
            <Skeleton height={10} width="46%" />
          </div>
          <Skeleton height={12} width={64} ml="auto" />
        </div>
      ))}
    </div>
  )
}
