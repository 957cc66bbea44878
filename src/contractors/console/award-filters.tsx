import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { Icon } from '#platform/console'
import classes from './profile.module.css'
import { filtersOf, type ProfileAddress } from './profile-address.ts'
import { breakdownQuery, totalsQuery } from './profile-queries.ts'

type FilterProps = {
  contractorId: string
  address: ProfileAddress
  change: (change: Partial<ProfileAddress>, replace?: boolean) => void
}

/** What narrows the table of awards; all of it stands in the address. */
export function AwardFilters({ contractorId, address, change }: FilterProps) {
  const agencies = useQuery(breakdownQuery(contractorId, 'agency'))
  const industries = useQuery(breakdownQuery(contractorId, 'naics'))
  const years = useQuery(totalsQuery(contractorId, 'year'))
  const { sort, order, ...narrowing } = filtersOf(address)
  const isNarrowed = Object.values(narrowing).some(Boolean)
  return (
    <search className={classes.filters} aria-label="Filter the awards">
      <Words value={address.q} change={q => change({ q }, true)} />
      <Choice
        label="Status"
        value={address.status}
        choose={status => change({ status })}
        options={[
          { value: 'active', label: 'Active' },
          { value: 'completed', label: 'Completed' },
          { value: 'unknown', label: 'No completion date' },
        ]}
      />
      <Choice
        label="Agency"
        value={address.agencyId}
        choose={agencyId => change({ agencyId })}
        options={choices(address.agencyId, agencies.data?.items)}
      />
      <Choice
        label="Industry"
        value={address.naics}
        choose={naics => change({ naics })}
        options={choices(address.naics, industries.data?.items)}
      />
      <Choice
        label="Signed in"
        value={address.year}
        choose={year => change({ year })}
        options={choices(
          address.year,
          years.data?.items.toReversed().map(({ year }) => ({ key: String(year), label: String(year) })),
        )}
      />
      <Choice
        label="Kind"
        value={address.kind}
        choose={kind => change({ kind })}
        options={[
          { value: 'award', label: 'Contracts and orders' },
          { value: 'vehicle', label: 'Vehicles for orders' },
        ]}
      />
      {isNarrowed && (
        <Button
          variant="default"
          size="xs"
          style={{ alignSelf: 'end' }}
          onClick={() => change({ status: '', agencyId: '', naics: '', year: '', kind: '', q: '' })}
        >
          Clear the filters
        </Button>
      )}
    </search>
  )
}

type ChoiceProps = {
  label: string
  value: string
  options: readonly { value: string; label: string }[]
  choose: (value: string) => void
}

function Choice({ label, value, options, choose }: ChoiceProps) {
  return (
    <NativeSelect
      label={label}
      size="xs"
      value={value}
      data={[{ value: '', label: 'Any' }, ...options]}
      onChange={event => choose(event.currentTarget.value)}
    />
  )
}

/** The largest ones, and what the address asks for in any case. */
function choices(asked: string, items: readonly { key: string | null; label: string }[] = []) {
  const known = items.flatMap(({ key, label }) => (key === null ? [] : [{ value: key, label }]))
  const missing = asked && !known.some(({ value }) => value === asked) ? [{ value: asked, label: asked }] : []
  return [...known, ...missing]
}

function Words({ value, change }: { value: string; change: (value: string) => void }) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  const settle = useDebouncedCallback(change, 300)
  return (
    <TextInput
      label="Identifier or subject"
      size="xs"
      maxLength={100}
      leftSection={<Icon name="search" size={14} />}
      value={typed}
      onChange={event => {
        setTyped(event.currentTarget.value)
        settle(event.currentTarget.value.trim())
      }}
    />
  )
}
