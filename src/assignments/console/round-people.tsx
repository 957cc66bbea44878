import { Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { formatCount, Icon, PageLink } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { useDesk } from './round-desk.ts'
import { PersonMenu } from './round-targets.tsx'
import classes from './rounds.module.css'
import { capital } from './words.ts'

const atOnce = 100

/** Who is on what, person by person; who has nothing comes last. */
export function RoundPeople() {
  const { plan, domain } = useDesk()
  const [wanted, setWanted] = useState('')
  const word = wanted.trim().toLocaleLowerCase('en')
  const names = new Map(plan.people.map(({ id, name }) => [id, name]))
  for (const id of plan.placesOf.keys()) names.set(id, plan.nameOfPerson(id))
  const rows = [...names]
    .map(([id, name]) => ({ id, name, places: plan.placesOf.get(id) ?? [] }))
    .filter(({ name }) => name.toLocaleLowerCase('en').includes(word))
    .toSorted(
      (one, other) =>
        Number(one.places.length === 0) - Number(other.places.length === 0) || one.name.localeCompare(other.name),
    )
  return (
    <>
      {names.size > 12 && (
        <TextInput
          mb="sm"
          maw={360}
          leftSection={<Icon name="search" size={16} />}
          aria-label={`Find a ${domain.words.participant.singular}`}
          placeholder={`Find a ${domain.words.participant.singular}`}
          value={wanted}
          onChange={event => setWanted(event.currentTarget.value)}
        />
      )}
      <ul className={`panel ${classes.rows}`} aria-label={capital(domain.words.participant.plural)}>
        {rows.slice(0, atOnce).map(({ id, name, places }) => (
          <li key={id} className={classes.row}>
            <PageLink
              to="/assignments/people/$id"
              params={{ id }}
              search={inDomain(domain)}
              className={classes.rowName}
            >
              {name}
            </PageLink>
            <div className={classes.rowPlaces}>
              {places.length === 0 && (
                <>
                  <Text span size="sm" c="dimmed">
                    free
                  </Text>
                  <PersonMenu person={{ id, name, isPinned: false }} target={null} />
                </>
              )}
              {places.map(target => {
                const isPinned = target.people.some(person => person.id === id && person.isPinned)
                return (
                  <span key={target.id} className={classes.place}>
                    {target.name}
                    {target.when && (
                      <Text span size="xs" c="dimmed" className="figures">
                        {target.when}
                      </Text>
                    )}
                    {isPinned && (
                      <span role="img" aria-label="pinned" className={classes.pin}>
                        <Icon name="pin" size={14} />
                      </span>
                    )}
                    <PersonMenu person={{ id, name, isPinned }} target={target} />
                  </span>
                )
              })}
            </div>
          </li>
        ))}
      </ul>
      {rows.length === 0 && (
        <Text size="sm" c="dimmed" mt="xs">
          Nobody fits “{wanted}”.
        </Text>
      )}
      {rows.length > atOnce && (
        <Text size="xs" c="dimmed" mt="xs">
          {formatCount(rows.length - atOnce)} more: type a name to find them.
        </Text>
      )}
    </>
  )
}
