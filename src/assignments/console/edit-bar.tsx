import { Alert, Button, Group, Modal, Radio, Stack, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { Icon, Refusal } from '#platform/console'
import classes from './assignments.module.css'
import type { Editing } from './editing.ts'
import type { Disputed } from './merging.ts'

/** Stands below a form that is changed: saves or undoes, says what is refused or disputed, and lets nothing be lost unseen. */
export function EditBar({ editing, labels, inWords }: EditBarProps) {
  const { isChanged, disputed, isSaving, refusal, undo, settle } = editing
  return (
    <>
      <LeaveGuard isChanged={isChanged} />
      {disputed.length > 0 && (
        <Dispute key={JSON.stringify(disputed)} disputed={disputed} labels={labels} inWords={inWords} settle={settle} />
      )}
      <Refusal error={refusal} />
      {isChanged && (
        <div className={classes.editBar} data-lower-edge>
          <Text size="sm" role="status">
            Not saved yet
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={undo} disabled={isSaving}>
              Undo
            </Button>
            <Button type="submit" loading={isSaving} disabled={disputed.length > 0}>
              Save
            </Button>
          </Group>
        </div>
      )}
    </>
  )
}

type EditBarProps = {
  editing: Editing
  /** What the fields are called. */
  labels: Readonly<Record<string, string>>
  /** A value for people, where its text will not do. */
  inWords?: (name: string, value: unknown) => string | undefined
}

function Dispute({ disputed, labels, inWords, settle }: DisputeProps) {
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set())
  const alert = useRef<HTMLDivElement>(null)
  // The form may be long, and what was pressed far from here.
  useEffect(() => {
    alert.current?.scrollIntoView({ block: 'center' })
  }, [])
  const choose = (name: string, isTheirs: boolean) => {
    const next = new Set(theirs)
    if (isTheirs) next.add(name)
    else next.delete(name)
    setTheirs(next)
  }
  const told = (name: string, value: unknown) => inWords?.(name, value) ?? textOf(value)
  return (
    <Alert
      ref={alert}
      color="yellow"
      variant="light"
      role="alert"
      icon={<Icon name="alert" />}
      title="Somebody else has changed the same meanwhile"
    >
      <Stack gap="md">
        {disputed.map(({ name, ...values }) => (
          <Radio.Group
            key={name}
            label={labels[name] ?? name}
            value={theirs.has(name) ? 'theirs' : 'mine'}
            onChange={value => choose(name, value === 'theirs')}
          >
            <Stack gap={6} mt={6}>
              <Radio value="theirs" label={`Theirs: ${told(name, values.theirs)}`} />
              <Radio value="mine" label={`Mine: ${told(name, values.mine)}`} />
            </Stack>
          </Radio.Group>
        ))}
      </Stack>
      <Button size="xs" mt="md" onClick={() => settle([...theirs])}>
        Go on with these
      </Button>
    </Alert>
  )
}

type DisputeProps = Pick<EditBarProps, 'labels' | 'inWords'> & {
  disputed: readonly Disputed[]
  settle: Editing['settle']
}

function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing'
  if (value === true) return 'yes'
  if (value === false) return 'no'
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(textOf).join(', ')
  return typeof value === 'object'
    ? Object.entries(value)
        .map(([key, of]) => `${key}: ${textOf(of)}`)
        .join('; ') || 'nothing'
    : String(value)
}

/** Asks before what was typed is lost, whether one leaves the page, its section or the program. */
export function LeaveGuard({ isChanged }: { isChanged: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      isChanged && (current.pathname !== next.pathname || sectionOf(current) !== sectionOf(next)),
    enableBeforeUnload: () => isChanged,
    withResolver: true,
  })
  return (
    <Modal
      opened={blocker.status === 'blocked'}
      onClose={() => blocker.reset?.()}
      title="Leave without saving?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Text size="sm">What you changed here is not saved.</Text>
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={() => blocker.reset?.()} data-autofocus>
          Stay here
        </Button>
        <Button color="red.9" onClick={() => blocker.proceed?.()}>
          Leave
        </Button>
      </Group>
    </Modal>
  )
}

const sectionOf = ({ search }: { search: unknown }) => (search as { tab?: unknown }).tab ?? ''
