import { Popover, Text, UnstyledButton } from '@mantine/core'
import { formatTime } from '#platform/console'
import classes from './contractor.module.css'
import type { FieldSource } from './contractors.ts'
import { nameSource } from './fields.ts'

/** Where a value comes from: the source at a glance, the record and the day of its import on a press. */
export function Provenance({ label, source }: { label: string; source: FieldSource }) {
  return (
    <Popover width={300} position="bottom-start" withArrow shadow="md">
      <Popover.Target>
        <UnstyledButton className={classes.source}>
          <span className="visually-hidden">Source of {label}: </span>
          {nameSource(source.source).short}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Source of ${label}`}>
        <Text size="sm" fw={600}>
          {nameSource(source.source).full}
        </Text>
        {source.sourceId && (
          <>
            <Text size="xs" c="dimmed" mt={6}>
              Record
            </Text>
            <Text size="sm" className="code" style={{ overflowWrap: 'anywhere' }}>
              {source.sourceId}
            </Text>
          </>
        )}
        <Text size="xs" c="dimmed" mt={6}>
          {source.sourceId ? 'Imported' : 'As of'}
        </Text>
        <Text size="sm">{formatTime(source.importedAt)}</Text>
      </Popover.Dropdown>
    </Popover>
  )
}
