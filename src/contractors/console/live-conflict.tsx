import { Alert, Button, Group, Radio, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { Icon, Refusal } from '#platform/console'
import type { ConflictingField } from './live-merging.ts'
import classes from './sharing.module.css'

type Choice = 'theirs' | 'mine' | 'merged'

/**
 * Somebody else has changed the same meanwhile: both are shown, field by field, and nothing is lost before one has chosen.
 * `onDone` is given what is to be written, without the fields in which theirs stays.
 */
export function ConflictChoice({ fields, labels, wordsOf = inWords, isSaving, error, onDone }: ConflictChoiceProps) {
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
            label={labels[field.name] ?? field.name}
            value={choiceOf(field)}
            onChange={choice => setChosen({ ...chosen, [field.name]: choice as Choice })}
          >
            <Stack gap={6} mt={6}>
              <Version value="theirs" title="There now" text={wordsOf(field.theirs, field.name)} />
              <Version value="mine" title="Yours" text={wordsOf(field.mine, field.name)} />
              {field.merged !== undefined && (
                <Version value="merged" title="Both" text={wordsOf(field.merged, field.name)} />
              )}
            </Stack>
          </Radio.Group>
        ))}
      </Stack>
      {error && <Refusal error={error} mt="md" />}
      <Group gap="xs" mt="md">
        <Button size="xs" loading={isSaving ?? false} onClick={() => onDone(values())}>
          Save what is chosen
        </Button>
        <Button size="xs" variant="default" onClick={() => onDone({})}>
          Leave all as it is there
        </Button>
      </Group>
    </Alert>
  )
}

type ConflictChoiceProps = {
  fields: readonly ConflictingField[]
  labels: Readonly<Record<string, string>>
  wordsOf?: (value: unknown, field: string) => string
  isSaving?: boolean
  /** Why what was chosen could not be saved. */
  error?: Error | null
  onDone: (values: Record<string, unknown>) => void
}

function Version({ value, title, text }: { value: Choice; title: string; text: string }) {
  return (
    <Radio
      value={value}
      label={
        <>
          <Text span size="xs" c="dimmed" display="block">
            {title}
          </Text>
          <Text span size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {text || '(empty)'}
          </Text>
        </>
      }
    />
  )
}

const inWords = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value ?? ''))
