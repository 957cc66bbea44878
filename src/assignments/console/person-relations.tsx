import { ActionIcon, Anchor, Button, Group, NativeSelect, Select, Skeleton, Text, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, Icon, PageLink, Refusal } from '#platform/console'
import classes from './assignments.module.css'
import { inDomain } from './domain-choice.tsx'
import { peopleQuery, relate, relationsQuery, unrelate } from './people.ts'
import type { Domain, Participant, Relation } from './wire-types.ts'

const kinds = { together: 'together with', apart: 'never with' } as const

/** With whom somebody is always on the same, and with whom never. */
export function PersonRelations({ person, domain, mayWrite }: PersonRelationsProps) {
  const client = useQueryClient()
  const { participant, target } = domain.words
  const { data, error, refetch } = useQuery(relationsQuery(person.id))
  const refresh = () => client.invalidateQueries({ queryKey: relationsQuery(person.id).queryKey })
  const removal = useMutation({
    mutationFn: unrelate,
    onSettled: refresh,
    onError: error => notifications.show({ color: 'red', title: 'It was not taken back', message: error.message }),
  })
  return (
    <section className={`panel ${classes.section}`} aria-label={`Together and apart`}>
      <Title order={2}>Together and apart</Title>
      <Text size="sm" c="dimmed" mb="sm">
        Two {participant.plural} who are always on the same {target.singular}, or never.
      </Text>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={60} aria-label="Loading whom somebody is with" />
      ) : data.length === 0 ? (
        <Text size="sm">Nobody.</Text>
      ) : (
        <ul className={classes.rows} aria-label="Together and apart">
          {data.map(relation => {
            const other = relation.participants.find(({ id }) => id !== person.id)
            if (!other) return null
            return (
              <li key={relation.id} className={classes.row} style={{ paddingInline: 0 }}>
                <Text size="sm">
                  {relation.kind === 'together' ? 'Together with ' : 'Never with '}
                  <Anchor
                    component={PageLink}
                    to="/assignments/people/$id"
                    params={{ id: other.id }}
                    search={inDomain(domain)}
                    underline="always"
                    inherit
                  >
                    {other.name}
                  </Anchor>
                </Text>
                {mayWrite && (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Take back: ${kinds[relation.kind]} ${other.name}`}
                    onClick={() => removal.mutate(relation.id)}
                  >
                    <Icon name="close" />
                  </ActionIcon>
                )}
              </li>
            )
          })}
        </ul>
      )}
      {mayWrite && <NewRelation person={person} domain={domain} refresh={refresh} />}
    </section>
  )
}

type PersonRelationsProps = { person: Participant; domain: Domain; mayWrite: boolean }

function NewRelation({ person, domain, refresh }: { person: Participant; domain: Domain; refresh: () => unknown }) {
  const [kind, setKind] = useState<Relation['kind']>('apart')
  const [other, setOther] = useState<string | null>(null)
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed, 250)
  const people = useInfiniteQuery(peopleQuery(domain.id, { q: other ? '' : q }))
  const adding = useMutation({
    mutationFn: (id: string) => relate([person.id, id], kind),
    onSuccess: () => {
      setOther(null)
      setTyped('')
      return refresh()
    },
  })
  const found = (people.data?.pages.flatMap(page => page.items) ?? []).filter(({ id }) => id !== person.id)
  return (
    <>
      <Group gap="xs" align="flex-end" mt="sm">
        <NativeSelect
          aria-label="How they are"
          value={kind}
          data={Object.entries(kinds).map(([value, label]) => ({ value, label }))}
          onChange={event => setKind(event.currentTarget.value as Relation['kind'])}
        />
        <Select
          style={{ flex: '1 1 180px' }}
          aria-label={`Which ${domain.words.participant.singular}`}
          placeholder={`Another ${domain.words.participant.singular}`}
          searchable
          data={found.map(({ id, name }) => ({ value: id, label: name }))}
          filter={({ options }) => options}
          nothingFoundMessage={people.isFetching ? 'Looking…' : 'Nobody of this name'}
          onSearchChange={setTyped}
          value={other}
          onChange={setOther}
        />
        <Button
          variant="default"
          disabled={!other}
          loading={adding.isPending}
          onClick={() => other && adding.mutate(other)}
        >
          Add
        </Button>
      </Group>
      <Refusal error={adding.error} mt="sm" />
    </>
  )
}
