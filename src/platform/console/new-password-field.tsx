import { PasswordInput, type PasswordInputProps, Text } from '@mantine/core'

/** What a new password must be, as the API tells it. */
export type PasswordRules = {
  readonly minimumLength: number
  readonly refuseCommon: boolean
  readonly refusedReuses: number
  readonly expiresAfterDays: number | null
}

/** Where the rules are not known, because nobody is signed in. */
const usual: PasswordRules = { minimumLength: 8, refuseCommon: true, refusedReuses: 0, expiresAfterDays: null }

/** A field for a new password with the rules in words, and how far what is typed is from them. Its owner keeps the value. */
export function NewPasswordField({ value, onChange, rules = usual, error, ...more }: NewPasswordFieldProps) {
  return (
    <div>
      <PasswordInput
        label="New password"
        autoComplete="new-password"
        visibilityToggleButtonProps={{ 'aria-label': 'Show the new password', tabIndex: 0 }}
        {...more}
        description={rulesInWords(rules).join(' ')}
        value={value}
        onChange={event => onChange(event.currentTarget.value)}
        error={error}
        errorProps={{ role: 'alert' }}
      />
      {!error && (
        <Text size="xs" c="dimmed" mt={4} mih="1.4em">
          {progressOf(value, rules)}
        </Text>
      )}
    </div>
  )
}

type NewPasswordFieldProps = Omit<PasswordInputProps, 'value' | 'onChange' | 'error'> & {
  value: string
  onChange: (password: string) => void
  rules?: PasswordRules | undefined
  error?: string | null | undefined
}

/** Rules as sentences. */
export function rulesInWords({ minimumLength, refuseCommon, refusedReuses }: PasswordRules): string[] {
  return [
    `At least ${minimumLength} characters; a few unrelated words are good.`,
    ...(refuseCommon ? ['Nothing that many others use, nor your name or address.'] : []),
    ...(refusedReuses === 1 ? ['Not the one that you have.'] : []),
    ...(refusedReuses > 1 ? [`None of your last ${refusedReuses}.`] : []),
  ]
}

function progressOf(value: string, { minimumLength }: PasswordRules): string {
  const length = [...value].length
  const missing = minimumLength - length
  if (length === 0) return ''
  if (length > 128) return `${length - 128} characters too many: 128 are the most.`
  if (missing > 0) return missing === 1 ? 'One more character.' : `${missing} more characters.`
  return 'Long enough.'
}
