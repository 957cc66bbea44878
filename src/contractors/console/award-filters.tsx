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
      <NativeSelect
        label="Status"
        size="xs"
        value={address.status}
        onChange={event => change({ status: event.currentTarget.value })}
        data={[
          { value: '', label: 'Any' },
          { value: 'active', label: 'Active' },
          { value: 'completed', label: 'Completed' },
          { value: 'unknown', label: 'No completion date' },
        ]}
      />
      <NativeSelect
        label="Agency"
        size="xs"
        value={address.agencyId}
        onChange={event => change({ agencyId: event.currentTarget.value })}
        data={choices(address.agencyId, agencies.data?.items)}
      />
      <NativeSelect
        label="Industry"
        size="xs"
        value={address.naics}
        onChange={event => change({ naics: event.currentTarget.value })}
        data={choices(address.naics, industries.data?.items)}
      />
      <NativeSelect
        label="Signed in"
        size="xs"
        value={address.year}
        onChange={event => change({ year: event.currentTarget.value })}
        data={choices(
          address.year,
          years.data?.items.toReversed().map(({ year }) => ({ key: String(year), label: String(year) })),
        )}
      />
      <NativeSelect
        label="Kind"
        size="xs"
        value={address.kind}
        onChange={event => change({ kind: event.currentTarget.value })}
        data={[
          { value: '', label: 'Any' },
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

/** The largest ones, and what the address asks for in any case. */
function choices(asked: string, items: readonly { key: string | null; label: string }[] = []) {
  const known = items.flatMap(({ key, label }) => (key === null ? [] : [{ value: key, label }]))
  const missing = asked && !known.some(({ value }) => value === asked) ? [{ value: asked, label: asked }] : []
  return [{ value: '', label: 'Any' }, ...known, ...missing]
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
