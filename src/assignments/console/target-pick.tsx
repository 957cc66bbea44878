import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { targetQuery, targetsQuery } from './targets.ts'
import type { Domain } from './wire-types.ts'

/** Chooses one of a domain's targets by its name, however many there are. */
export function TargetPick({ domain, value, onChange, label, placeholder }: TargetPickProps) {
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed, 250)
  const query = useInfiniteQuery(targetsQuery(domain.id, { q: value ? '' : q }))
  const chosen = useQuery({ ...targetQuery(value), enabled: value !== '' })
  const found = query.data?.pages.flatMap(page => page.items) ?? []
  const options = chosen.data && !found.some(({ id }) => id === value) ? [chosen.data, ...found] : found
  return (
    <Select
      label={label}
      placeholder={placeholder}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': `Any ${domain.words.target.singular}` }}
      data={options.map(({ id, name }) => ({ value: id, label: name }))}
      filter={({ options }) => options}
      nothingFoundMessage={query.isFetching ? 'Looking…' : `No such ${domain.words.target.singular}`}
      onSearchChange={setTyped}
      value={value || null}
      onChange={id => onChange(id ?? '')}
    />
  )
}

type TargetPickProps = {
  domain: Domain
  value: string
  onChange: (id: string) => void
  label: string
  placeholder: string
}
