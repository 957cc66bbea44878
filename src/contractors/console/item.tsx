import { ActionIcon, Badge, Group, NativeSelect, Rating, TagsInput, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { formatAmount, formatCompactAmount, formatTime, Icon, PageLink } from '#platform/console'
import classes from './lists.module.css'
import { changeItem, itemsQuery, type List, type ListItem, priorities, priorityNames, type Remarks } from './lists.ts'

/** A contractor in a list with its remarks, each saved when one leaves it. */
export function Item({ list, item, mayWrite, remove }: ItemProps) {
  const { contractor } = item
  return (
    <li className={classes.item}>
      <div className={classes.itemHead}>
        <Text fw={570} truncate component="div">
          <PageLink to="/contractors/$id" params={{ id: contractor.id }} className="plain" preload={false}>
            {contractor.name}
          </PageLink>
        </Text>
        <Group gap="0 12px" className="figures" fz="xs" c="dimmed">
          <span className="code">{contractor.uei}</span>
          {contractor.state && <span>{contractor.state}</span>}
          {contractor.naicsCode && <span>NAICS {contractor.naicsCode}</span>}
        </Group>
        <Group gap="0 12px" className="figures" fz="xs" c="dimmed" mt={2}>
          {contractor.totalContractValue !== null && (
            <Text
              span
              size="sm"
              fw={550}
              c="var(--mantine-color-text)"
              title={formatAmount(contractor.totalContractValue)}
            >
              {formatCompactAmount(contractor.totalContractValue)}
            </Text>
          )}
          <time dateTime={item.addedAt}>added {formatTime(item.addedAt)}</time>
        </Group>
      </div>
      {mayWrite ? <RemarksForm list={list} item={item} /> : <RemarksText item={item} />}
      {mayWrite && (
        <ActionIcon
          className={classes.remove}
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={`Remove ${contractor.name} from ${list.name}`}
          onClick={remove}
        >
          <Icon name="close" />
        </ActionIcon>
      )}
    </li>
  )
}

type ItemProps = { list: List; item: ListItem; mayWrite: boolean; remove: () => void }

function RemarksForm({ list, item }: { list: List; item: ListItem }) {
  const client = useQueryClient()
  const [notes, setNotes] = useState(item.notes ?? '')
  const [tags, setTags] = useState<readonly string[]>(item.tags)
  const save = useMutation({
    mutationFn: (change: Partial<Remarks>) => changeItem(list.id, item.id, change),
    onError: (error, change) => {
      if ('tags' in change) setTags(item.tags)
      notifications.show({ color: 'red', title: 'Not saved', message: error.message })
    },
    onSettled: () => client.invalidateQueries(itemsQuery(list.id)),
  })
  const rating = save.isPending && 'rating' in save.variables ? save.variables.rating : item.rating
  const priority = save.isPending && 'priority' in save.variables ? save.variables.priority : item.priority
  const { name } = item.contractor

  return (
    <div className={classes.remarks}>
      <Textarea
        size="sm"
        aria-label={`Notes on ${name}`}
        placeholder="Notes"
        autosize
        minRows={1}
        maxRows={8}
        maxLength={10_000}
        value={notes}
        onChange={event => setNotes(event.currentTarget.value)}
        onBlur={() => notes.trim() !== (item.notes ?? '') && save.mutate({ notes: notes.trim() || null })}
      />
      <TagsInput
        size="sm"
        aria-label={`Tags of ${name}`}
        placeholder={tags.length === 0 ? 'Tags' : undefined}
        acceptValueOnBlur
        value={[...tags]}
        onChange={next => {
          setTags(next)
          save.mutate({ tags: next })
        }}
      />
      <div className={classes.judgement}>
        <Rating
          aria-label={`Rating of ${name}`}
          value={rating ?? 0}
          getSymbolLabel={stars => (stars === 1 ? '1 star' : `${stars} stars`)}
          onChange={stars => save.mutate({ rating: stars === item.rating || stars === 0 ? null : stars })}
        />
        <NativeSelect
          size="xs"
          aria-label={`Priority of ${name}`}
          value={priority ?? ''}
          onChange={event => {
            const chosen = priorities.find(each => each === event.currentTarget.value)
            save.mutate({ priority: chosen ?? null })
          }}
          data={[
            { value: '', label: 'No priority' },
            ...priorities.map(value => ({ value, label: priorityNames[value] })),
          ]}
        />
      </div>
    </div>
  )
}

function RemarksText({ item }: { item: ListItem }) {
  return (
    <div className={classes.remarks}>
      <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
        {item.notes}
      </Text>
      <Group gap={6}>
        {item.tags.map(tag => (
          <Badge key={tag} variant="light" color="gray" tt="none">
            {tag}
          </Badge>
        ))}
      </Group>
      <div className={classes.judgement}>
        {item.rating !== null && <Rating readOnly value={item.rating} aria-label={`Rated ${item.rating} of 5`} />}
        {item.priority && (
          <Badge variant="light" color={item.priority === 'high' ? 'pine' : 'gray'}>
            {priorityNames[item.priority]}
          </Badge>
        )}
      </div>
    </div>
  )
}
