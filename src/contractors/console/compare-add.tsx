import { Combobox, Loader, Text, TextInput, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon, request } from '#platform/console'
import { longestQuery, placeOf, type SearchResult } from './contractors.ts'

/** Looks for one more to compare. */
export function CompareAdd({
  left,
  taken,
  add,
}: {
  left: number
  taken: readonly string[]
  add: (id: string) => void
}) {
  const [text, setText] = useState('')
  const [rested] = useDebouncedValue(text.trim(), 180)
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const { data, isFetching } = useQuery({
    queryKey: ['contractors', 'compare', rested],
    queryFn: ({ signal }) => request<SearchResult>('/contractors', { query: { q: rested, limit: 8 }, signal }),
    enabled: rested !== '',
    placeholderData: keepPreviousData,
  })
  const offered = (rested === '' ? [] : (data?.items ?? [])).filter(({ id }) => !taken.includes(id))
  return (
    <Combobox
      store={combobox}
      onOptionSubmit={id => {
        add(id)
        setText('')
        combobox.closeDropdown()
      }}
    >
      <Combobox.Target>
        <TextInput
          mb="md"
          maw={420}
          aria-label="Add a contractor to compare"
          placeholder={`Add ${left === 5 ? 'a contractor' : 'another'}: name, UEI or CAGE code`}
          maxLength={longestQuery}
          leftSection={<Icon name="plus" size={16} />}
          rightSection={isFetching && <Loader size={14} />}
          value={text}
          onChange={event => {
            setText(event.currentTarget.value)
            combobox.openDropdown()
          }}
          onFocus={() => combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={rested === '' || !data}>
        <Combobox.Options>
          {offered.length === 0 ? (
            <Combobox.Empty>No contractor fits</Combobox.Empty>
          ) : (
            offered.map(contractor => (
              <Combobox.Option key={contractor.id} value={contractor.id}>
                <Text size="sm">{contractor.name}</Text>
                <Text size="xs" c="dimmed">
                  {[contractor.uei, placeOf(contractor)].filter(Boolean).join(' · ')}
                </Text>
              </Combobox.Option>
            ))
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  )
}
