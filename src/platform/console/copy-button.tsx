import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { Icon } from './icons.tsx'

/** Puts a text on the clipboard, and says so; also where the browser has none (plain http). */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const { copy, copied, error } = useClipboard({ timeout: 3_000 })
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<Icon name={copied ? 'check' : 'copy'} size={15} />}
      onClick={() => copy(text)}
    >
      <span aria-live="polite">{error ? 'Select and copy it by hand' : copied ? 'Copied' : label}</span>
    </Button>
  )
}
