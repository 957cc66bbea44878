import { Anchor, NativeSelect, Skeleton, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, Icon, LoadMore, PageLink } from '#platform/console'
import classes from './assignments.module.css'
import { inDomain } from './domain-choice.tsx'
import { preferencesQuery, setPreference } from './people.ts'
import { PersonRelations } from './person-relations.tsx'
import { targetsQuery } from './targets.ts'
import type { Domain, Participant, Preference } from './wire-types.ts'
import { capital } from './words.ts'

type Wish = Pick<Preference, 'weight' | 'isExcluded'>

const wishes = [
  { value: '2', label: 'With pleasure' },
  { value: '1', label: 'Gladly' },
  { value: '0', label: 'No wish' },
  { value: '-1', label: 'Rather not' },
  { value: '-2', label: 'Only if need be' },
  { value: 'never', label: 'Never' },
]

const wordOf = ({ weight, isExcluded }: Wish) => (isExcluded ? 'never' : String(weight))
const wishOf = (word: string): Wish =>
  word === 'never' ? { weight: 0, isExcluded: true } : { weight: Number(word), isExcluded: false }

type PersonWishesProps = { person: Participant; domain: Domain; mayWrite: boolean }

/** What somebody likes to do, what never, and with whom. */
export function PersonWishes({ person, domain, mayWrite }: PersonWishesProps) {
  return (
    <div className={classes.form}>
      <TargetWishes person={person} domain={domain} mayWrite={mayWrite} />
      <PersonRelations person={person} domain={domain} mayWrite={mayWrite} />
    </div>
  )
}

function TargetWishes({ person, domain, mayWrite }: PersonWishesProps) {
  const { target } = domain.words
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed, 250)
  const targets = useInfiniteQuery(targetsQuery(domain.id, { q }))
  const known = useQuery(preferencesQuery(person.id))
  const { queryKey } = preferencesQuery(person.id)
  const saving = useMutation({
    mutationFn: ({ targetId, wish }: { targetId: string; name: string; wish: Wish }) =>
      setPreference(person.id, targetId, wish),
    onMutate: ({ targetId, name, wish }) =>
      client.setQueryData<readonly Preference[]>(queryKey, (before = []) => [
        ...before.filter(each => each.targetId !== targetId),
        { targetId, targetName: name, ...wish },
      ]),
    onSettled: () => client.invalidateQueries({ queryKey }),
    onError: error => notifications.show({ color: 'red', title: 'The wish was not kept', message: error.message }),
  })
  const items = targets.data?.pages.flatMap(page => page.items) ?? []
  const failure = known.error ?? targets.error
  return (
    <section className={`panel ${classes.section}`} aria-label={`Wishes about ${target.plural}`}>
      <Title order={2}>{capital(target.plural)}</Title>
      <Text size="sm" c="dimmed" mb="sm">
        Wishes are followed as far as everybody’s allow. “Never” always is.{mayWrite && ' Each is kept at once.'}
      </Text>
      <TextInput
        aria-label={`Search ${target.plural}`}
        placeholder={`Search ${target.plural}`}
        leftSection={<Icon name="search" size={16} />}
        maxLength={200}
        mb="xs"
        value={typed}
        onChange={event => setTyped(event.currentTarget.value)}
      />
      {failure ? (
        <ErrorState error={failure} retry={() => void Promise.all([known.refetch(), targets.refetch()])} />
      ) : !known.data || targets.isPending ? (
        <div role="status" aria-label="Loading the wishes">
          <Skeleton height={120} />
        </div>
      ) : items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {q ? `No such ${target.singular}.` : `There are no ${target.plural} yet. `}
          {!q && (
            <Anchor component={PageLink} to="/assignments/targets" search={inDomain(domain)} underline="always" inherit>
              Enter {target.plural}
            </Anchor>
          )}
        </Text>
      ) : (
        <>
          <ul className={classes.rows} aria-label={`Wishes about ${target.plural}`}>
            {items.map(({ id, name }) => {
              const wish = known.data.find(each => each.targetId === id) ?? { weight: 0, isExcluded: false }
              return (
                <li key={id} className={classes.row} style={{ paddingInline: 0 }}>
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {name}
                  </Text>
                  {mayWrite ? (
                    <NativeSelect
                      w={160}
                      aria-label={`Wish about ${name}`}
                      value={wordOf(wish)}
                      data={wishes}
                      onChange={event => saving.mutate({ targetId: id, name, wish: wishOf(event.currentTarget.value) })}
                    />
                  ) : (
                    <Text size="sm">{wishes.find(({ value }) => value === wordOf(wish))?.label}</Text>
                  )}
                </li>
              )
            })}
          </ul>
          <LoadMore query={targets} label={`Load more ${target.plural}`} />
        </>
      )}
    </section>
  )
}
