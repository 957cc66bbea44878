import { Button, Group } from '@mantine/core'
import type { ReactNode } from 'react'

/** What a form in a dialog ends with: the way out, and what it does, in the words of the children. */
export function FormFoot({ close, isPending, children }: FormFootProps) {
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={close}>
        Cancel
      </Button>
      <Button type="submit" loading={isPending}>
        {children}
      </Button>
    </Group>
  )
}

type FormFootProps = { close: () => void; isPending: boolean; children: ReactNode }
