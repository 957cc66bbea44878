import { TextInput, type TextInputProps } from '@mantine/core'
import { useEffect, useRef } from 'react'

const length = 6

/**
 * Takes the six digits of an authenticator app: typed, pasted as `123 456`, or filled in by the browser. `onComplete` is
 * called when the sixth digit is there, so that nobody has to press a button. Its owner keeps the value.
 */
export function CodeField({ value, onChange, onComplete, error, ...more }: CodeFieldProps) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    // What was refused is selected: the next code is typed over it.
    if (error) input.current?.select()
  }, [error])
  return (
    <TextInput
      ref={input}
      label="Code"
      name="one-time-code"
      inputMode="numeric"
      autoComplete="one-time-code"
      autoCapitalize="off"
      autoCorrect="off"
      spellCheck={false}
      {...more}
      value={value}
      error={error}
      errorProps={{ role: 'alert' }}
      styles={{
        wrapper: { maxWidth: 220 },
        input: { fontFamily: 'var(--mantine-font-family-monospace)', letterSpacing: '0.2em' },
      }}
      onChange={event => {
        const code = readDigits(event.currentTarget.value)
        onChange(code)
        if (code.length === length && code !== value) onComplete?.(code)
      }}
    />
  )
}

type CodeFieldProps = Omit<TextInputProps, 'value' | 'onChange' | 'error'> & {
  value: string
  onChange: (code: string) => void
  onComplete?: (code: string) => void
  error?: string | null | undefined
}

/** Keyboards of some languages send digits of another form: the server takes ASCII only. */
export function readDigits(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[^0-9]/g, '')
    .slice(0, length)
}
