import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { CopyButton } from './copy-button.tsx'
import classes from './secret-dialog.module.css'

/** A secret as it is shown this once; it goes only when one says that one has kept it. `children` say what to do with it. */
export function SecretDialog({ title, label, secret, close, children }: SecretDialogProps) {
  return (
    <Modal
      opened
      onClose={close}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      title={title}
    >
      <Stack gap="md">
        <Text size="sm">{children}</Text>
        <Secret label={label}>{secret}</Secret>
        <Group justify="space-between">
          <CopyButton text={secret} label="Copy" />
          <Button onClick={close} data-autofocus>
            I have kept it
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

type SecretDialogProps = { title: string; label: string; secret: string; close: () => void; children: ReactNode }

/** One press takes all of it. */
export function Secret({ label, children }: { label: string; children: string }) {
  return (
    <output className={classes.secret} aria-label={label}>
      {children}
    </output>
  )
}
