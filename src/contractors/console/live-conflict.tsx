import { Alert, Button, Group, Radio, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { Icon } from '#platform/console'
import classes from './sharing.module.css'

/** A field that two have changed: what stands there now, and what one wanted to write. */
export type ConflictingField = {
  name: string
  label: string
  theirs: unknown
  mine: unknown
  /** What has something of both, where that can be said. */
  merged?: unknown
}

type Choice = 'theirs' | 'mine' | 'merged'

/**
 * Somebody else has changed the same meanwhile: both are shown, field by field, and nothing is lost before one has chosen.
 * `onDone` is given what is to be written, without the fields in which theirs stays.
 */
export function ConflictChoice({
  fields,
  onDone,
}: {
  fields: readonly ConflictingField[]
  onDone: (values: Record<string, unknown>) => void
}) {
  const [chosen, setChosen] = useState<Readonly<Record<string, Choice>>>({})
  const choiceOf = ({ name, merged }: ConflictingField) => chosen[name] ?? (merged === undefined ? 'mine' : 'merged')
  const values = () =>
    Object.fromEntries(
      fields.flatMap(field => {
        const choice = choiceOf(field)
        return choice === 'theirs' ? [] : [[field.name, choice === 'mine' ? field.mine : field.merged]]
      }),
    )
  return (
    <Alert
      className={classes.conflict}
      color="yellow"
      variant="light"
      role="alert"
      icon={<Icon name="alert" />}
      title="This was changed elsewhere while you changed it"
    >
      <Stack gap="md">
        {fields.map(field => (
          <Radio.Group
            key={field.name}
            label={field.label}
            value={choiceOf(field)}
            onChange={choice => setChosen({ ...chosen, [field.name]: choice as Choice })}
          >
            <Stack gap={6} mt={6}>
              <Version value="theirs" title="There now" text={field.theirs} />
              <Version value="mine" title="Yours" text={field.mine} />
              {field.merged !== undefined && <Version value="merged" title="Both" text={field.merged} />}
            </Stack>
          </Radio.Group>
        ))}
      </Stack>
      <Group gap="xs" mt="md">
        <Button size="xs" onClick={() => onDone(values())}>
          Save what is chosen
        </Button>
        <Button size="xs" variant="default" onClick={() => onDone({})}>
          Leave all as it is there
        </Button>
      </Group>
    </Alert>
  )
}

function Version({ value, title, text }: { value: Choice; title: string; text: unknown }) {
  return (
    <Radio
      value={value}
      label={
        <>
          <Text span size="xs" c="dimmed" display="block">
            {title}
          </Text>
          <Text span size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {inWords(text)}
          </Text>
        </>
      }
    />
  )
}

function inWords(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '')
  return text || '(empty)'
}
