import { Button, Group, Modal, Text, Textarea } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Refusal } from '#platform/console'

/** Asks why before something is done that others will read about. */
export function ReasonDialog({ title, children, confirm, suggestions = [], isBusy, error, perform, close }: Props) {
  const [reason, setReason] = useState('')
  const isTold = reason.trim().length >= 3
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isTold) perform(reason.trim())
        }}
      >
        {children && (
          <Text size="sm" mb="sm" component="div">
            {children}
          </Text>
        )}
        {suggestions.length > 0 && (
          <Group gap={6} mb="xs">
            {suggestions.map(text => (
              <Button key={text} size="compact-xs" variant="default" onClick={() => setReason(text)}>
                {text}
              </Button>
            ))}
          </Group>
        )}
        <Textarea
          label="Reason"
          description="For whoever reads the history later."
          value={reason}
          onChange={event => setReason(event.currentTarget.value)}
          maxLength={1000}
          autosize
          minRows={2}
          required
          data-autofocus
        />
        <Refusal error={error} mt="sm" />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!isTold} loading={isBusy}>
            {confirm}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

type Props = {
  title: string
  children?: ReactNode
  confirm: string
  /** Reasons that are often right, to be taken over with one click. */
  suggestions?: readonly string[]
  /** While it is being done. */
  isBusy: boolean
  error: unknown
  perform: (reason: string) => void
  close: () => void
}
