import { ActionIcon, Badge, Button, Group, NativeSelect, Rating, TagsInput, Text, Textarea } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { formatAmount, formatCompactAmount, Icon, Problem, request } from '#platform/console'
import { FieldTexts, ItemField } from './item-field.tsx'
import { changeOf, labelsOf, priorities, priorityNames, remarksOf } from './lists.ts'
import { ConflictChoice } from './live-conflict.tsx'
import { type ConflictingField, conflictsOf, freeRemarks } from './live-merging.ts'
import {
  type SharedItem as Item,
  type SharedList,
  type SharedRemarks,
  sharedItemsQuery,
} from './shared-list-queries.ts'
import classes from './sharing.module.css'

/** A contractor in a list that a link has opened. */
export function SharedItem({ list, item }: { list: SharedList; item: Item }) {
  const client = useQueryClient()
  const { contractor } = item
  const mayEdit = list.permission === 'edit'
  const remove = useMutation({
    mutationFn: () => request(`/shared-lists/${list.id}/items/${item.id}`, { method: 'DELETE' }),
    onError: error => notifications.show({ color: 'red', title: 'Not removed', message: error.message }),
    onSettled: () => client.invalidateQueries({ queryKey: ['shared-list', list.id] }),
  })
  return (
    <li className={classes.item}>
      <div className={classes.itemHead}>
        <div style={{ minWidth: 0 }}>
          <Text fw={570} style={{ overflowWrap: 'anywhere' }}>
            {contractor.name}
          </Text>
          <Group gap="0 12px" className="figures" fz="xs" c="dimmed">
            {contractor.uei && <span className="code">{contractor.uei}</span>}
            {contractor.state && <span>{contractor.state}</span>}
            {contractor.naicsCode && <span>NAICS {contractor.naicsCode}</span>}
            {contractor.totalContractValue !== null && (
              <span title={formatAmount(contractor.totalContractValue)}>
                {formatCompactAmount(contractor.totalContractValue)} in contracts
              </span>
            )}
          </Group>
        </div>
        {mayEdit && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            loading={remove.isPending}
            aria-label={`Remove ${contractor.name} from ${list.name}`}
            onClick={() => remove.mutate()}
          >
            <Icon name="close" />
          </ActionIcon>
        )}
      </div>
      {mayEdit ? (
        <RemarksForm list={list} item={item} />
      ) : (
        list.includesRemarks && <RemarksText list={list} item={item} />
      )}
    </li>
  )
}

function RemarksText({ list, item }: { list: SharedList; item: Item }) {
  const hasFields = list.fields.some(({ id }) => item.customData[id] !== undefined)
  const hasMarks = item.tags.length > 0 || item.rating !== null || item.priority !== null
  if (!item.notes && !hasMarks && !hasFields) return null
  return (
    <div className={classes.remarks}>
      {item.notes && (
        <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {item.notes}
        </Text>
      )}
      {hasMarks && (
        <Group gap={8}>
          {item.rating !== null && <Rating readOnly value={item.rating} aria-label={`Rated ${item.rating} of 5`} />}
          {item.priority && (
            <Badge variant="light" color="gray" tt="none">
              {priorityNames[item.priority]}
            </Badge>
          )}
          {item.tags.map(tag => (
            <Badge key={tag} variant="outline" color="gray" tt="none">
              {tag}
            </Badge>
          ))}
        </Group>
      )}
      <FieldTexts fields={list.fields} item={item} className={classes.whole} />
    </div>
  )
}

/** What is typed is a draft on the item as it was: it is saved when one says so, and never over another’s words. */
function RemarksForm({ list, item }: { list: SharedList; item: Item }) {
  const client = useQueryClient()
  const [draft, setDraft] = useState<SharedRemarks>({})
  const [conflict, setConflict] = useState<{ fields: ConflictingField[]; theirs: Item }>()
  const base = useRef(item)
  const isDirty = Object.keys(draft).length > 0
  if (!isDirty) base.current = item

  const save = useMutation({
    mutationFn: async (change: SharedRemarks) => {
      const path = `/shared-lists/${list.id}/items/${item.id}`
      const send = (etag: string) => request(path, { method: 'PATCH', body: changeOf(change), ifMatch: etag })
      try {
        await send(base.current.etag)
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 412) throw error
        const theirs = await itemNow(client, list.id, item.id)
        if (!theirs) throw error
        const fields = conflictsOf(remarksOf(base.current), remarksOf(theirs), change, freeRemarks)
        if (fields.length > 0) return { fields, theirs }
        // Others have changed other fields: both changes stand.
        await send(theirs.etag)
      }
      await itemNow(client, list.id, item.id)
      return undefined
    },
    onSuccess: met => {
      if (met) setConflict(met)
      else setDraft({})
    },
  })
  useEffect(() => {
    if (!isDirty) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isDirty])

  const shown: SharedRemarks = { ...remarksOf(item), ...draft }
  const write = (change: SharedRemarks) => setDraft(draft => ({ ...draft, ...change }))
  const { name } = item.contractor
  return (
    <>
      <div className={classes.remarks}>
        <Textarea
          size="sm"
          aria-label={`Notes on ${name}`}
          placeholder="Notes"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={10_000}
          value={shown.notes ?? ''}
          onChange={event => write({ notes: event.currentTarget.value || null })}
        />
        <div>
          <TagsInput
            size="sm"
            aria-label={`Tags of ${name}`}
            placeholder={shown.tags?.length === 0 ? 'Tags' : ''}
            acceptValueOnBlur
            value={[...(shown.tags ?? [])]}
            onChange={tags => write({ tags })}
          />
          <Group gap="xs" mt="xs">
            <Rating
              aria-label={`Rating of ${name}`}
              value={shown.rating ?? 0}
              getSymbolLabel={stars => (stars === 1 ? '1 star' : `${stars} stars`)}
              onChange={stars => write({ rating: stars === shown.rating || stars === 0 ? null : stars })}
            />
            <NativeSelect
              size="xs"
              aria-label={`Priority of ${name}`}
              value={shown.priority ?? ''}
              onChange={event =>
                write({ priority: priorities.find(each => each === event.currentTarget.value) ?? null })
              }
              data={[
                { value: '', label: 'No priority' },
                ...priorities.map(value => ({ value, label: priorityNames[value] })),
              ]}
            />
          </Group>
        </div>
        {list.fields.length > 0 && (
          <div className={`${classes.whole} ${classes.fields}`}>
            {list.fields.map(field => (
              <ItemField
                key={field.id}
                field={field}
                of={name}
                value={shown[`field:${field.id}`] ?? null}
                save={value => write({ [`field:${field.id}`]: value })}
              />
            ))}
          </div>
        )}
      </div>
      {conflict ? (
        <ConflictChoice
          fields={conflict.fields}
          labels={labelsOf(list.fields)}
          onDone={values => {
            const kept = Object.fromEntries(
              Object.entries(draft).filter(([field]) => !conflict.fields.some(({ name }) => name === field)),
            )
            const next = { ...kept, ...values } as SharedRemarks
            base.current = conflict.theirs
            setConflict(undefined)
            setDraft(next)
            if (Object.keys(next).length > 0) save.mutate(next)
          }}
        />
      ) : (
        isDirty && (
          <Group gap="xs">
            <Button size="xs" loading={save.isPending} onClick={() => save.mutate(draft)}>
              Save
            </Button>
            <Button size="xs" variant="default" onClick={() => setDraft({})}>
              Discard
            </Button>
            <Text size="xs" c={save.error ? 'red' : 'dimmed'} role="status">
              {save.error ? save.error.message : 'Not saved yet'}
            </Text>
          </Group>
        )
      )}
    </>
  )
}

async function itemNow(
  client: ReturnType<typeof useQueryClient>,
  listId: string,
  id: string,
): Promise<Item | undefined> {
  const { queryKey } = sharedItemsQuery(listId)
  await client.refetchQueries({ queryKey, exact: true })
  return client
    .getQueryData(queryKey)
    ?.pages.flatMap(page => page.items)
    .find(item => item.id === id)
}
