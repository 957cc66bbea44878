import { Autocomplete, Button, Group, NativeSelect, NumberInput, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { skillsQuery } from './domains.ts'
import { AddOne, TakeOut, ValueFields } from './value-fields.tsx'
import classes from './values.module.css'

/** A skill and how well: null where no level is said. */
export type SkillLevel = { skill: string; level: number | null }

const levelsOr = (none: string) => [
  { value: '', label: none },
  ...Array.from({ length: 10 }, (_, index) => ({ value: String(index + 1), label: `level ${index + 1}` })),
]

export const skillLevelsOf = (skills: readonly string[], levels: Readonly<Record<string, number>>): SkillLevel[] =>
  skills.map(skill => ({ skill, level: levels[skill] ?? null }))

export const fieldsOf = (skills: readonly SkillLevel[]) => ({
  skills: skills.map(({ skill }) => skill),
  skillLevels: Object.fromEntries(skills.flatMap(({ skill, level }) => (level === null ? [] : [[skill, level]]))),
})

/** One spelling, as the server keeps it. */
const spelled = (text: string) => text.normalize('NFC').trim().replaceAll(/\s+/g, ' ').toLowerCase().slice(0, 100)

export function useSkillNames(domainId: string): string[] {
  return useQuery(skillsQuery(domainId)).data?.items.map(({ skill }) => skill) ?? []
}

/** Skills one below the other, each with its level; names that are known in the domain are offered. */
export function SkillFields({ label, description, domainId, skills, onChange, least }: SkillsProps) {
  const known = useSkillNames(domainId)
  return (
    <ValueFields label={label} description={description}>
      <Stack gap="xs">
        {skills.map(({ skill, level }) => (
          <div key={skill} className={classes.skill}>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {skill}
            </Text>
            <NativeSelect
              aria-label={`${least ?? 'Level of'} ${skill}`}
              value={level === null ? '' : String(level)}
              data={levelsOr(least ? 'any level' : 'no level')}
              onChange={({ currentTarget: { value } }) =>
                onChange(
                  skills.map(each =>
                    each.skill === skill ? { skill, level: value === '' ? null : Number(value) } : each,
                  ),
                )
              }
            />
            <TakeOut what={skill} onClick={() => onChange(skills.filter(each => each.skill !== skill))} />
          </div>
        ))}
        <SkillEntry
          label={`Add to ${label.toLowerCase()}`}
          known={known.filter(name => !skills.some(({ skill }) => skill === name))}
          add={text => {
            const skill = spelled(text)
            if (skill && !skills.some(each => each.skill === skill)) onChange([...skills, { skill, level: null }])
          }}
        />
      </Stack>
    </ValueFields>
  )
}

type SkillsProps = {
  label: string
  description?: string
  domainId: string
  skills: readonly SkillLevel[]
  onChange: (skills: SkillLevel[]) => void
  /** Levels are asked for, not had: what the least of a skill is called. */
  least?: string
}

function SkillEntry({ label, known, add }: { label: string; known: string[]; add: (text: string) => void }) {
  const [text, setText] = useState('')
  const enter = (value: string) => {
    add(value)
    setText('')
  }
  return (
    <Group gap="xs" wrap="nowrap" data-entry>
      <Autocomplete
        style={{ flex: 1 }}
        aria-label={label}
        placeholder="A skill, such as first aid"
        maxLength={100}
        data={known}
        value={text}
        onChange={setText}
        onOptionSubmit={value => setTimeout(() => enter(value))}
        onKeyDown={event => {
          if (event.key !== 'Enter' || text.trim() === '') return
          event.preventDefault()
          enter(text)
        }}
        onBlur={() => text.trim() !== '' && enter(text)}
      />
      <Button variant="default" disabled={text.trim() === ''} onClick={() => enter(text)}>
        Add
      </Button>
    </Group>
  )
}

export type SkillMix = { skill: string; minimum: number; level?: number }

/** So many of the people have a skill, the others need not. */
export function MixFields({ domainId, mixes, onChange, people }: MixProps) {
  const known = useSkillNames(domainId)
  const change = (place: number, next: Partial<SkillMix>) =>
    onChange(mixes.map((each, index) => (index === place ? { ...each, ...next } : each)))
  return (
    <ValueFields
      label="Skills that some of them have"
      description={`Such as: at least 1 of the ${people} has first aid.`}
    >
      <Stack gap="xs">
        {mixes.map(({ skill, minimum, level }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a skill is typed letter by letter
          <div key={place} className={classes.mix}>
            <NumberInput
              aria-label={`How many have ${skill || 'it'}`}
              min={1}
              max={10_000}
              clampBehavior="strict"
              allowDecimal={false}
              value={minimum}
              onChange={value => change(place, { minimum: Number(value) || 1 })}
            />
            <Autocomplete
              aria-label={`Skill ${place + 1} that some have`}
              placeholder="A skill"
              maxLength={100}
              data={known}
              value={skill}
              onChange={text => change(place, { skill: text })}
            />
            <NativeSelect
              aria-label={`Level of the ${skill || `skill ${place + 1}`} of some`}
              value={level === undefined ? '' : String(level)}
              data={levelsOr('any level')}
              onChange={({ currentTarget: { value } }) => {
                const { level: _, ...rest } = mixes[place] ?? { skill, minimum }
                const next = value === '' ? rest : { ...rest, level: Number(value) }
                onChange(mixes.map((each, index) => (index === place ? next : each)))
              }}
            />
            <TakeOut
              what={`the ${skill || `skill ${place + 1}`} of some`}
              onClick={() => onChange(mixes.filter((_, index) => index !== place))}
            />
          </div>
        ))}
        <AddOne disabled={mixes.length >= 20} onClick={() => onChange([...mixes, { skill: '', minimum: 1 }])}>
          A skill that some have
        </AddOne>
      </Stack>
    </ValueFields>
  )
}

type MixProps = {
  domainId: string
  mixes: readonly SkillMix[]
  onChange: (mixes: SkillMix[]) => void
  /** The domain's word for its people. */
  people: string
}
