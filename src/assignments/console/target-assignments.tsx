import { Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ErrorState, formatCount, PageLink } from '#platform/console'
import classes from './agenda.module.css'
import { type AgendaItem, agendaQuery, aroundToday } from './agenda.ts'
import { AgendaList } from './agenda-list.tsx'
import { Halves, inList, LoadingAgenda, Past, splitAgenda } from './person-assignments.tsx'
import type { Domain, Target } from './wire-types.ts'
import { capital } from './words.ts'

/** Who is on a target, who was, and how often: a tab of its page. */
export function TargetAssignments({ target, domain }: { target: Target; domain: Domain }) {
  const path = `/assignment-targets/${target.id}/assignments` as const
  const { data, error, refetch } = useQuery(agendaQuery(path, aroundToday()))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <LoadingAgenda />
  const { coming, past } = splitAgenda(data.items)
  return (
    <>
      <Title order={2} size="h4" mb="sm">
        {coming.length === 0 ? 'Nothing planned ahead' : 'Planned ahead'}
      </Title>
      <Halves path={path} wordsOf={namesOf}>
        {coming.length > 0 && <AgendaList label="Ahead" items={coming} what={namesOf} note={() => undefined} />}
        {coming.length === 0 && (
          <Text size="sm" c="dimmed" p="md">
            {target.name} is in no round of the next six months.
          </Text>
        )}
      </Halves>
      <WhoHowOften items={past} domain={domain} />
      {past.length > 0 && (
        <Past count={past.length}>
          <AgendaList label="Past" items={past} what={namesOf} note={() => undefined} />
        </Past>
      )}
    </>
  )
}

const namesOf = ({ people }: AgendaItem) => (people.length === 0 ? 'nobody' : inList(people.map(({ name }) => name)))

function WhoHowOften({ items, domain }: { items: readonly AgendaItem[]; domain: Domain }) {
  const all = items.flatMap(({ people }) => people)
  const byPerson = [...Map.groupBy(all, ({ participantId }) => participantId)]
  const rows = byPerson.toSorted(([, one], [, other]) => other.length - one.length)
  if (rows.length === 0) return null
  const [most = 1] = rows.map(([, turns]) => turns.length)
  return (
    <section className={`panel ${classes.load}`} aria-labelledby="who-how-often">
      <Title order={2} size="h4" id="who-how-often">
        {capital(domain.words.participant.plural)} on it in the last six months
      </Title>
      <ul className={classes.turns}>
        {rows.slice(0, 20).map(([id, turns]) => (
          <li key={id}>
            <PageLink to={`/assignments/people/${id}`} className={classes.round}>
              {turns[0]?.name}
            </PageLink>
            <span className={classes.track} aria-hidden="true">
              <span className={classes.fill} style={{ width: `${(turns.length / most) * 100}%` }} />
            </span>
            <span className="figures">{turns.length === 1 ? 'once' : `${formatCount(turns.length)} times`}</span>
          </li>
        ))}
      </ul>
      {rows.length > 20 && (
        <Text size="xs" c="dimmed">
          {formatCount(rows.length - 20)} more
        </Text>
      )}
    </section>
  )
}
