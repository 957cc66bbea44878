import { ActionIcon, Badge, Checkbox, Group, NativeSelect, Rating, TagsInput, Text, Textarea } from '@mantine/core'
import { useMergedRef } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type CSSProperties, memo, type ReactNode, useEffect } from 'react'
import { formatAmount, formatCompactAmount, formatCount, formatTime, Icon, PageLink } from '#platform/console'
import { FieldTexts, ItemField } from './item-field.tsx'
import classes from './lists.module.css'
import { countView, type List, type ListItem, labelsOf, priorities, priorityNames, summaryQuery } from './lists.ts'
import { ConflictChoice } from './live-conflict.tsx'
import { type SavingState, useRemarks } from './remarks.ts'

/** A contractor in a list with its remarks, each saved by itself. */
export function Item({ tick, place, handle, style, ref, ...contents }: ItemProps) {
  return (
    <li
      className={classes.item}
      style={{ ...style, top: place.top }}
      ref={useMergedRef(place.measure, ref)}
      data-index={place.index}
      aria-posinset={place.index + 1}
      aria-setsize={place.count}
      data-ticks=""
      data-sorts={handle ? '' : undefined}
    >
      {handle && <div className={classes.itemGrip}>{handle}</div>}
      <Checkbox
        className={classes.itemTick}
        size="sm"
        aria-label={`Select ${contents.item.contractor.name}`}
        checked={tick.isTicked}
        onChange={event => tick.toggle((event.nativeEvent as MouseEvent).shiftKey)}
      />
      <Contents {...contents} />
    </li>
  )
}

type ItemProps = ContentsProps & {
  tick: { isTicked: boolean; toggle: (reach: boolean) => void }
  /** Where it stands; `count` is -1 where it is not known how many there are. */
  place: { index: number; top: number; count: number; measure: (row: HTMLElement | null) => void }
  handle?: ReactNode
  style?: CSSProperties
  ref?: (node: HTMLElement | null) => void
}

type ContentsProps = {
  list: List
  item: ListItem
  columns: readonly string[]
  remove: (item: ListItem) => void
  /** Told whether something of the item is not saved yet. */
  hold: (id: string, isHeld: boolean) => void
}

// While the window scrolls rows get other places only, and what is in them is large.
const Contents = memo(({ list, item, columns, remove, hold }: ContentsProps) => {
  const { contractor } = item
  const mayWrite = list.mayEdit
  const shows = (column: string) => columns.includes(column)
  return (
    <>
      <div className={classes.itemHead}>
        <Text fw={570} lineClamp={2} lh={1.35} component="div">
          <PageLink
            to="/contractors/$id"
            params={{ id: contractor.id }}
            className="plain"
            preload={false}
            onClick={() => void countView(list.id, item.id)}
          >
            {contractor.name}
          </PageLink>
        </Text>
        <Group gap="0 12px" className="figures" fz="xs" c="dimmed">
          {contractor.uei && <span className="code">{contractor.uei}</span>}
          {shows('state') && contractor.state && <span>{contractor.state}</span>}
          {shows('naics') && contractor.naicsCode && <span>NAICS {contractor.naicsCode}</span>}
        </Group>
        <Group gap="0 12px" className="figures" fz="xs" c="dimmed" mt={2}>
          {shows('value') && contractor.totalContractValue !== null && (
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
          {shows('added') && <time dateTime={item.addedAt}>added {formatTime(item.addedAt)}</time>}
          {shows('views') && (
            <span title={item.lastViewedAt ? `Last on ${formatTime(item.lastViewedAt)}` : undefined}>
              {item.viewCount === 0
                ? 'not viewed yet'
                : `viewed ${formatCount(item.viewCount)} ${item.viewCount === 1 ? 'time' : 'times'}`}
            </span>
          )}
        </Group>
      </div>
      {mayWrite ? (
        <RemarksForm list={list} item={item} columns={columns} hold={hold} />
      ) : (
        <RemarksText list={list} item={item} columns={columns} />
      )}
      {mayWrite && (
        <ActionIcon
          className={classes.remove}
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={`Remove ${contractor.name} from ${list.name}`}
          onClick={() => remove(item)}
        >
          <Icon name="close" />
        </ActionIcon>
      )}
    </>
  )
})

function RemarksForm({ list, item, columns, hold }: Omit<ContentsProps, 'remove'>) {
  const { shown, write, save, flush, state, failure, disputed, settle } = useRemarks(list, item)
  const { name } = item.contractor
  const isHeld = disputed !== undefined || (state !== 'none' && state !== 'saved')
  useEffect(() => {
    hold(item.id, isHeld)
    return () => hold(item.id, false)
  }, [hold, item.id, isHeld])
  const summary = useQuery(summaryQuery(list.id))
  const shows = (column: string) => columns.includes(column)
  const fields = list.settings.fields.filter(field => shows(`field:${field.id}`))

  return (
    <div className={classes.remarks}>
      <div hidden={!shows('notes')}>
        <Textarea
          size="sm"
          aria-label={`Notes on ${name}`}
          placeholder="Notes"
          autosize
          minRows={1}
          maxRows={8}
          maxLength={10_000}
          value={shown.notes ?? ''}
          onChange={event => write({ notes: event.currentTarget.value })}
          onBlur={flush}
        />
      </div>
      {shows('tags') && (
        <TagsInput
          size="sm"
          aria-label={`Tags of ${name}`}
          placeholder={shown.tags.length === 0 ? 'Tags' : undefined}
          acceptValueOnBlur
          styles={{ inputField: { minWidth: 36 } }}
          data={summary.data?.tags.map(tag => tag.value) ?? []}
          value={[...shown.tags]}
          onChange={tags => save({ tags })}
        />
      )}
      {(shows('rating') || shows('priority')) && (
        <div className={classes.judgement}>
          {shows('rating') && (
            <Rating
              aria-label={`Rating of ${name}`}
              value={shown.rating ?? 0}
              getSymbolLabel={stars => (stars === 1 ? '1 star' : `${stars} stars`)}
              onChange={stars => save({ rating: stars === shown.rating || stars === 0 ? null : stars })}
            />
          )}
          {shows('priority') && (
            <NativeSelect
              size="xs"
              aria-label={`Priority of ${name}`}
              value={shown.priority ?? ''}
              onChange={event => {
                const chosen = priorities.find(each => each === event.currentTarget.value)
                save({ priority: chosen ?? null })
              }}
              data={[
                { value: '', label: 'No priority' },
                ...priorities.map(value => ({ value, label: priorityNames[value] })),
              ]}
            />
          )}
        </div>
      )}
      {fields.length > 0 && (
        <div className={classes.fields}>
          {fields.map(field => (
            <ItemField
              key={field.id}
              field={field}
              of={name}
              value={shown[`field:${field.id}`] ?? null}
              save={value => save({ [`field:${field.id}`]: value })}
            />
          ))}
        </div>
      )}
      <Text size="xs" c="dimmed" role="status" className={classes.saving}>
        {savingWords[state]}
        {state === 'failed' && failure && `: ${failure.message}`}
      </Text>
      {disputed && (
        <div className={classes.disagreement}>
          <ConflictChoice fields={disputed} labels={labelsOf(list.settings.fields)} onDone={settle} />
        </div>
      )}
    </div>
  )
}

const savingWords: Readonly<Record<SavingState, string>> = {
  none: '',
  unsaved: 'Not saved yet',
  saving: 'Saving…',
  saved: 'Saved',
  failed: 'Not saved',
}

function RemarksText({ list, item, columns }: { list: List; item: ListItem; columns: readonly string[] }) {
  const shows = (column: string) => columns.includes(column)
  const fields = list.settings.fields.filter(field => shows(`field:${field.id}`))
  const hasRemarks =
    (shows('notes') && item.notes) ||
    (shows('tags') && item.tags.length > 0) ||
    (shows('rating') && item.rating !== null) ||
    (shows('priority') && item.priority)
  return (
    <div className={classes.remarks}>
      {hasRemarks && <FixedRemarks item={item} shows={shows} />}
      <FieldTexts fields={fields} item={item} className={classes.fieldTexts} />
    </div>
  )
}

function FixedRemarks({ item, shows }: { item: ListItem; shows: (column: string) => boolean }) {
  return (
    <>
      <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {shows('notes') && item.notes}
      </Text>
      <Group gap={6}>
        {shows('tags') &&
          item.tags.map(tag => (
            <Badge key={tag} variant="light" color="gray" tt="none">
              {tag}
            </Badge>
          ))}
      </Group>
      <div className={classes.judgement}>
        {shows('rating') && item.rating !== null && (
          <Rating readOnly role="img" value={item.rating} aria-label={`Rated ${item.rating} of 5`} />
        )}
        {shows('priority') && item.priority && (
          <Badge
            variant="light"
            color={item.priority === 'critical' ? 'red' : item.priority === 'high' ? 'pine' : 'gray'}
          >
            {priorityNames[item.priority]}
          </Badge>
        )}
      </div>
    </>
  )
}
