import { ActionIcon, Alert, Badge, Button, Group, NativeSelect, Rating, TagsInput, Text, Textarea } from '@mantine/core'
import { formatAmount, formatCompactAmount, formatTime, Icon, PageLink } from '#platform/console'
import classes from './lists.module.css'
import { type List, type ListItem, priorities, priorityNames, type Remarks } from './lists.ts'
import { type Conflict, type SavingState, useRemarks } from './remarks.ts'

/** A contractor in a list with its remarks, each saved by itself. */
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
  const { shown, write, save, flush, state, failure, conflict, keepMine, takeTheirs } = useRemarks(list, item)
  const { name } = item.contractor

  return (
    <div className={classes.remarks}>
      <div>
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
        <Text size="xs" c="dimmed" role="status" mih={18} mt={2}>
          {savingWords[state]}
          {state === 'failed' && failure && `: ${failure.message}`}
        </Text>
      </div>
      <TagsInput
        size="sm"
        aria-label={`Tags of ${name}`}
        placeholder={shown.tags.length === 0 ? 'Tags' : undefined}
        acceptValueOnBlur
        value={[...shown.tags]}
        onChange={tags => save({ tags })}
      />
      <div className={classes.judgement}>
        <Rating
          aria-label={`Rating of ${name}`}
          value={shown.rating ?? 0}
          getSymbolLabel={stars => (stars === 1 ? '1 star' : `${stars} stars`)}
          onChange={stars => save({ rating: stars === shown.rating || stars === 0 ? null : stars })}
        />
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
      </div>
      {conflict && <Disagreement conflict={conflict} keepMine={keepMine} takeTheirs={takeTheirs} />}
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

/** Another window or a colleague has changed the same meanwhile: both are shown, one is kept. */
function Disagreement({ conflict, keepMine, takeTheirs }: DisagreementProps) {
  const { mine, theirs } = conflict
  const fields = remarkNames.filter(({ field }) => field in mine)
  return (
    <Alert
      className={classes.disagreement}
      color="yellow"
      variant="light"
      role="alert"
      icon={<Icon name="alert" />}
      title="This was changed elsewhere while you changed it"
    >
      {fields.map(({ field, label }) => (
        <div key={field}>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {label} there: {textOf(theirs[field])}
          </Text>
          <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {label} here: {textOf(mine[field])}
          </Text>
        </div>
      ))}
      <Group gap="xs" mt="xs">
        <Button size="xs" variant="default" onClick={keepMine}>
          Keep what is here
        </Button>
        <Button size="xs" variant="default" onClick={takeTheirs}>
          Take what is there
        </Button>
      </Group>
    </Alert>
  )
}

type DisagreementProps = { conflict: Conflict; keepMine: () => void; takeTheirs: () => void }

const remarkNames = [
  { field: 'notes', label: 'Notes' },
  { field: 'tags', label: 'Tags' },
  { field: 'rating', label: 'Rating' },
  { field: 'priority', label: 'Priority' },
] as const

function textOf(value: Remarks[keyof Remarks] | undefined): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '')
  return text || '(empty)'
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
