import { Anchor, Badge, Text, UnstyledButton } from '@mantine/core'
import { useId, useState } from 'react'
import { formatExactTime, formatTime, Icon } from '#platform/console'
import classes from './audit.module.css'
import { type AuditLog, type Change, type Filters, nameAction, nameColumn, nameResource } from './audit-logs.ts'

const colors: Readonly<Record<string, string>> = { insert: 'pine', update: 'yellow', delete: 'red' }

export function AuditEntry({ entry, change }: { entry: AuditLog; change: (change: Partial<Filters>) => void }) {
  const [opened, setOpened] = useState(false)
  const id = useId()
  const columns = Object.keys(entry.changes ?? {})
  const who = entry.userName ?? (entry.userId ? 'Unknown user' : 'System')
  const what = `${nameAction(entry.action)}${entry.resource ? ` ${nameResource(entry.resource)}` : ''}`
  return (
    <>
      <tr className={opened ? classes.opened : classes.row}>
        <td>
          <UnstyledButton
            className={classes.toggle}
            aria-expanded={opened}
            aria-controls={opened ? id : undefined}
            aria-label={`Details: ${what}, ${formatTime(entry.createdAt)}`}
            onClick={() => setOpened(!opened)}
          >
            <Icon name={opened ? 'chevronDown' : 'chevronRight'} size={16} />
          </UnstyledButton>
        </td>
        <td>
          <time dateTime={entry.createdAt}>{formatTime(entry.createdAt)}</time>
          <Text size="xs" c="dimmed" className={classes.narrow}>
            {who}
          </Text>
        </td>
        <td className={classes.wide}>{who}</td>
        <td>
          <Badge variant="light" color={colors[entry.action] ?? 'gray'} tt="none" fw={600} mr={8}>
            {nameAction(entry.action)}
          </Badge>
          {entry.resource && nameResource(entry.resource)}
        </td>
        <td className={classes.wide}>
          <Text size="sm" c="dimmed" lineClamp={1}>
            {columns.map(nameColumn).join(', ')}
          </Text>
        </td>
      </tr>
      {opened && (
        <tr id={id}>
          <td colSpan={5} className={classes.more}>
            {columns.length > 0 && (
              <dl className={classes.changes}>
                {Object.entries(entry.changes ?? {}).map(([column, values]) => (
                  <div key={column} className={classes.change}>
                    <dt>{nameColumn(column)}</dt>
                    <dd className={classes.sides}>
                      {entry.action !== 'insert' && <Side name="Before" values={values} side="old" />}
                      {entry.action !== 'delete' && <Side name="After" values={values} side="new" />}
                    </dd>
                  </div>
                ))}
              </dl>
            )}
            <Facts entry={entry} change={change} />
          </td>
        </tr>
      )}
    </>
  )
}

function Side({ name, values, side }: { name: string; values: Change; side: 'old' | 'new' }) {
  const value = values[side]
  const isEmpty = value === null || value === undefined
  return (
    <div className={`${classes.side} ${isEmpty ? '' : classes[side]}`}>
      <span>{name}</span>
      <div>
        {isEmpty ? (
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

function Facts({ entry, change }: { entry: AuditLog; change: (change: Partial<Filters>) => void }) {
  const { userId, userName, resource, resourceId, details } = entry
  const facts: [string, string | null][] = [
    ['Time', formatExactTime(entry.createdAt)],
    ...Object.entries(details ?? {}).map(([name, value]): [string, string] => [nameColumn(name), write(value)]),
    ['Resource id', resourceId],
    ['Address', entry.ipAddress],
    ['Browser', entry.userAgent],
    ['Request', entry.requestId],
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
      </div>
    </>
  )
}

function write(value: unknown): string {
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (typeof value === 'string' && moment.test(value)) return formatExactTime(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
