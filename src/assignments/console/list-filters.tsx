import { NativeSelect, TagsInput, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useState } from 'react'
import { Icon, manyOf, oneOf, type Search } from '#platform/console'
import { readDomain } from './domain-choice.tsx'
import { useSkillNames } from './skill-fields.tsx'

/** What the address asks of people and of targets alike. */
export const readListFilters = (search: Search) => ({
  ...readDomain(search),
  q: oneOf(search.q).slice(0, 200),
  skill: manyOf(search.skill).slice(0, 20),
  state: /^(all|inactive)$/.test(oneOf(search.state)) ? oneOf(search.state) : '',
})

/** For the server: true, false, or '' for both. */
export const isActiveOf = (state: string | undefined) => (state === 'all' ? '' : state !== 'inactive')

export function SearchField({ value, placeholder, onChange }: FieldProps<string>) {
  const [typed, setTyped] = useState(value)
  const search = useDebouncedCallback(onChange, 250)
  // The back button undoes a search too.
  useEffect(() => setTyped(value), [value])
  return (
    <TextInput
      data-search
      label="Search"
      placeholder={placeholder}
      leftSection={<Icon name="search" size={16} />}
      maxLength={200}
      value={typed}
      onChange={event => {
        setTyped(event.currentTarget.value)
        search(event.currentTarget.value)
      }}
    />
  )
}

export function SkillFilter({ label, domainId, value, onChange }: SkillFilterProps) {
  return (
    <TagsInput
      label={label}
      placeholder={value.length === 0 ? 'Any skill' : ''}
      data={useSkillNames(domainId)}
      maxTags={20}
      acceptValueOnBlur
      clearable={false}
      value={[...value]}
      onChange={onChange}
    />
  )
}

export function StateFilter({ value, onChange }: Omit<FieldProps<string>, 'placeholder'>) {
  return (
    <NativeSelect
      label="Show"
      value={value}
      data={[
        { value: '', label: 'Active' },
        { value: 'inactive', label: 'Not active' },
        { value: 'all', label: 'All' },
      ]}
      onChange={event => onChange(event.currentTarget.value)}
    />
  )
}

type FieldProps<T> = { value: T; placeholder: string; onChange: (value: T) => void }
type SkillFilterProps = {
  label: string
  domainId: string
  value: readonly string[]
  onChange: (skills: string[]) => void
}
