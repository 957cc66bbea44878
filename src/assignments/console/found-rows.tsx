import { Button, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { formatCount, Icon } from '#platform/console'
import type { Words } from './wire-types.ts'

/** More than so many are searched rather than looked through. */
const seenAtOnce = 12

/** The first rows of many, and a button for more: thousands at once would be slow, and nobody reads them. */
export function useFirst<T>(rows: readonly T[], atOnce: number): { shown: readonly T[]; more: ReactNode } {
  const [count, setCount] = useState(atOnce)
  const rest = rows.length - count
  return {
    shown: rows.slice(0, count),
    more: rest > 0 && (
      <Button variant="default" size="xs" mt="sm" onClick={() => setCount(count + atOnce)}>
        {rest > atOnce ? `Show ${atOnce} of ${formatCount(rest)} more` : `Show ${rest} more`}
      </Button>
    ),
  }
}

type Named = { name: string }

/** Targets by their names or by who is on them: a field to find them with, the first of them, and a button for more. */
export function useFoundTargets<T extends Named>(
  targets: readonly T[],
  peopleOn: (target: T) => readonly Named[],
  words: Words,
) {
  const [wanted, setWanted] = useState('')
  const fits = fitting(wanted)
  const found = wanted.trim() === '' ? targets : targets.filter(each => fits(each) || peopleOn(each).some(fits))
  const { shown, more } = useFirst(found, 40)
  return {
    shown,
    field: targets.length > seenAtOnce && (
      <FindField label={`Find a ${words.target.singular} or somebody`} value={wanted} onChange={setWanted} />
    ),
    more: found.length > 0 || targets.length === 0 ? more : <NothingFits wanted={wanted} />,
  }
}

/** People by their names, likewise. */
export function useFoundPeople<T extends Named>(people: readonly T[], words: Words) {
  const [wanted, setWanted] = useState('')
  const found = people.filter(fitting(wanted))
  const { shown, more } = useFirst(found, 100)
  return {
    shown,
    field: people.length > seenAtOnce && (
      <FindField label={`Find a ${words.participant.singular}`} value={wanted} onChange={setWanted} />
    ),
    more: found.length > 0 || people.length === 0 ? more : <NothingFits wanted={wanted} />,
  }
}

const fitting = (wanted: string) => {
  const word = wanted.trim().toLocaleLowerCase('en')
  return ({ name }: Named) => name.toLocaleLowerCase('en').includes(word)
}

type FindFieldProps = { label: string; value: string; onChange: (value: string) => void }

const FindField = ({ label, value, onChange }: FindFieldProps) => (
  <TextInput
    mb="sm"
    maw={360}
    leftSection={<Icon name="search" size={16} />}
    aria-label={label}
    placeholder={label}
    value={value}
    onChange={event => onChange(event.currentTarget.value)}
  />
)

const NothingFits = ({ wanted }: { wanted: string }) => (
  <Text size="sm" c="dimmed" mt="xs">
    Nothing fits “{wanted.trim()}”.
  </Text>
)
