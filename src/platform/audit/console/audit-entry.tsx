import { Anchor, Text, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { formatExactTime, formatTime, Icon, request, useResources } from '#platform/console'
import { AsOf } from './as-of-dialog.tsx'
import classes from './audit.module.css'
import { type AuditLog, type Change, capitalised, type Filters } from './audit-logs.ts'
import { NamedRow } from './named-row.tsx'
import { isEmpty, type Part, readable, tell, wordFor } from './sentences.ts'

type Shown = {
  entry: AuditLog
  /** Narrows the list; without it nothing is offered that needs the right to read the log. */
  change?: ((change: Partial<Filters>) => void) | undefined
}

export function AuditEntry({ entry, change }: Shown) {
  const resources = useResources()
  const [opened, setOpened] = useState(false)
  const id = useId()
  const time = <time dateTime={entry.createdAt}>{formatTime(entry.createdAt)}</time>
  return (
    <>
      <tr className={opened ? classes.opened : classes.row}>
        <td>
          <UnstyledButton
            className={classes.toggle}
            aria-expanded={opened}
            aria-controls={opened ? id : undefined}
            aria-labelledby={`${id}-details ${id}-sentence ${id}-time`}
            onClick={() => setOpened(!opened)}
          >
            <span id={`${id}-details`} className="visually-hidden">
              Details:
            </span>
            <Icon name={opened ? 'chevronDown' : 'chevronRight'} size={16} />
          </UnstyledButton>
        </td>
        <td className={classes.wide} id={`${id}-time`}>
          {time}
        </td>
        <td>
          <span className={classes.mark} data-action={entry.action} aria-hidden />
          <span id={`${id}-sentence`} className={classes.sentence}>
            {tell(entry, resources).map((part, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the words of a sentence stay where they are
              <Words key={place} part={part} entry={entry} />
            ))}
          </span>
          <Text size="xs" c="dimmed" className={classes.narrow}>
            {time}
          </Text>
        </td>
      </tr>
      {opened && (
        <tr id={id}>
          <td colSpan={3} className={classes.more}>
            <Changes entry={entry} />
            <Facts entry={entry} change={change} />
          </td>
        </tr>
      )}
    </>
  )
}

function Words({ part, entry }: { part: Part; entry: AuditLog }) {
  if ('text' in part) return part.text
  if ('value' in part) return <b>{part.value}</b>
  if ('who' in part) return <b>{entry.userName ?? nameless(entry)}</b>
  return <NamedRow {...part.reference} />
}

function nameless({ userId, erased }: AuditLog): string {
  if (erased.includes('person')) return 'An erased person'
  return userId ? 'An unknown user' : 'The system'
}

function Changes({ entry }: { entry: AuditLog }) {
  const resources = useResources()
  const columns = readable(entry, resources)
  if (columns.length === 0) return null
  return (
    <dl className={classes.changes}>
      {columns.map(column => {
        const values = entry.changes?.[column] ?? {}
        return (
          <div key={column} className={classes.change}>
            <dt>{capitalised(wordFor(column, entry.resource, resources))}</dt>
            <dd className={classes.sides}>
              {entry.action !== 'insert' && <Side name="Before" values={values} side="old" />}
              {entry.action !== 'delete' && <Side name="After" values={values} side="new" />}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

function Side({ name, values, side }: { name: string; values: Change; side: 'old' | 'new' }) {
  const value = values[side]
  const isNothing = isEmpty(value)
  return (
    <div className={`${classes.side} ${isNothing ? '' : classes[side]}`}>
      <span>{name}</span>
      <div>
        {isNothing ? (
          <Text span c="dimmed" inherit>
            empty
          </Text>
        ) : (
          write(value)
        )}
      </div>
    </div>
  )
}

const erasedParts = {
  person: 'name, address and browser of who did it',
  values: 'personal values',
  content: 'parts of the text',
} as const

/** Where and how it was done, and the ids that the sentence has names for. */
function Facts({ entry, change }: Shown) {
  const resources = useResources()
  const { id, userId, userName, resource, resourceId, changes, details } = entry
  const shown = new Set(readable(entry, resources))
  const named = (column: string) => capitalised(column.replaceAll('_', ' '))
  const facts: [string, string | null][] = [
    ['Time', formatExactTime(entry.createdAt)],
    ['Table', resource],
    ['Id', resourceId],
    ...Object.entries(details ?? {})
      .filter(([name, value]) => !isEmpty(value) && !changes?.[name])
      .map(([name, value]): [string, string] => [named(name), write(value)]),
    ...Object.entries(changes ?? {})
      .filter(([name, { old, new: now }]) => !shown.has(name) && !(isEmpty(old) && isEmpty(now)))
      .map(([name, values]): [string, string] => [
        named(name),
        [values.old, values.new]
          .filter(value => !isEmpty(value))
          .map(write)
          .join(' → '),
      ]),
    ['Address', entry.ipAddress],
    ['Browser', entry.userAgent],
    ['Request', entry.requestId],
    ['Erased since', entry.erased.map(part => erasedParts[part]).join(', ')],
  ]
  return (
    <>
      <dl className={classes.facts}>
        {facts.map(
          ([name, text]) =>
            text && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ),
        )}
      </dl>
      {change && (
        <div className={classes.facts}>
          {userId && (
            <Anchor component="button" type="button" size="xs" onClick={() => change({ user: userId })}>
              Only what {userName ?? 'this user'} did
            </Anchor>
          )}
          {resource && resourceId && (
            <Anchor component="button" type="button" size="xs" onClick={() => change({ resource, resourceId })}>
              Only this resource
            </Anchor>
          )}
          {resource && resourceId && changes && (
            <AsOf resource={resource} resourceId={resourceId} at={entry.createdAt} />
          )}
          <SaveProof id={id} />
        </div>
      )}
    </>
  )
}

/** What others can check without this installation: `commonhold audit check-proof`. */
function SaveProof({ id }: { id: string }) {
  const saving = useMutation({
    mutationFn: () => request<object>(`/audit-logs/${id}/proof`),
    onSuccess: proof => {
      const address = URL.createObjectURL(new Blob([JSON.stringify(proof, null, 2)], { type: 'application/json' }))
      const link = document.createElement('a')
      link.href = address
      link.download = `audit-proof-${id}.json`
      link.click()
      URL.revokeObjectURL(address)
    },
    onError: error => notifications.show({ color: 'red', title: 'There is no proof yet', message: error.message }),
  })
  return (
    <Anchor component="button" type="button" size="xs" disabled={saving.isPending} onClick={() => saving.mutate()}>
      Save the proof
    </Anchor>
  )
}

function write(value: unknown): string {
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (typeof value === 'string' && moment.test(value)) return formatExactTime(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
