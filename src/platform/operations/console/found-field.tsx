import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type UseQueryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

export type Found = { value: string; label: string }

/** A choice among more than can be listed: the server finds them by what is typed. */
export function FoundField({ value, onChange, search, ...words }: FoundFieldProps) {
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState<Found>()
  const [q] = useDebouncedValue(typed, 250)
  const { data: found = [] } = useQuery(search(q))
  const isKnown = value === '' || found.some(each => each.value === value)
  return (
    <Select
      {...words}
      searchable
      data={isKnown ? [...found] : [...found, chosen?.value === value ? chosen : { value, label: value }]}
      // The server has found them, by the beginnings of words.
      filter={({ options }) => options}
      value={value || null}
      onChange={(id, option) => {
        setChosen(option ?? undefined)
        onChange(id ?? '')
      }}
      onSearchChange={text => setTyped(text.replace(/ \([^()]+\)$/, ''))}
    />
  )
}

type FoundFieldProps = {
  value: string
  onChange: (value: string) => void
  search: (q: string) => UseQueryOptions<readonly Found[], Error, readonly Found[], string[]>
  label: string
  placeholder: string
  nothingFoundMessage: string
  required?: boolean
}
