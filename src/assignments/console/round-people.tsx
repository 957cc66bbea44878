import { Text } from '@mantine/core'
import { Icon, PageLink } from '#platform/console'
import { inDomain } from './domain-choice.tsx'
import { useFoundPeople } from './found-rows.tsx'
import { useDesk } from './round-desk.ts'
import { PersonMenu } from './round-targets.tsx'
import classes from './rounds.module.css'
import { capital } from './words.ts'

/** Who is on what, person by person; who has nothing comes last. */
export function RoundPeople() {
  const { plan, domain } = useDesk()
  const names = new Map(plan.people.map(({ id, name }) => [id, name]))
  for (const id of plan.placesOf.keys()) names.set(id, plan.nameOfPerson(id))
  const rows = [...names]
    .map(([id, name]) => ({ id, name, places: plan.placesOf.get(id) ?? [] }))
    .toSorted(
      (one, other) =>
        Number(one.places.length === 0) - Number(other.places.length === 0) || one.name.localeCompare(other.name),
    )
  const { field, shown, more } = useFoundPeople(rows, domain.words)
  return (
    <>
      {field}
      <ul className={`panel ${classes.rows}`} aria-label={capital(domain.words.participant.plural)}>
        {shown.map(({ id, name, places }) => (
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
      {more}
    </>
  )
}
