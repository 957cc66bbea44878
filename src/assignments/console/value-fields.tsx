import { ActionIcon, Button, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Icon } from '#platform/console'
import classes from './values.module.css'

/** A group of fields of which there are as many as one likes. */
export function ValueFields({ label, description, children }: ValueFieldsProps) {
  return (
    <fieldset className={classes.values}>
      <legend>{label}</legend>
      {description && (
        <Text size="xs" c="dimmed" mb={6}>
          {description}
        </Text>
      )}
      {children}
    </fieldset>
  )
}

type ValueFieldsProps = { label: string; description?: ReactNode; children: ReactNode }

/** Takes one of several out again; `what` is read aloud. */
export function TakeOut({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Take out ${what}`} onClick={onClick}>
      <Icon name="close" />
    </ActionIcon>
  )
}

/** Adds one more below the others. */
export function AddOne({ onClick, disabled, children }: AddOneProps) {
  return (
    <Group>
      <Button
        size="xs"
        variant="default"
        leftSection={<Icon name="plus" size={15} />}
        disabled={disabled ?? false}
        onClick={onClick}
      >
        {children}
      </Button>
    </Group>
  )
}

type AddOneProps = { onClick: () => void; disabled?: boolean; children: ReactNode }

/** What is wrong with several fields together. */
export function FieldFault({ children }: { children: ReactNode }) {
  return (
    children && (
      <Text size="xs" c="var(--mantine-color-error)" role="alert">
        {children}
      </Text>
    )
  )
}
