import { Button, Select, Text } from '@mantine/core'
import { useMemo } from 'react'

type FieldProps = { value: string; error: string | undefined; onChange: (value: string) => void }

/** A list in the page's landmark, not beside it. */
const inPage = { portalProps: { target: '#main' } }

/** All zones that this browser knows, and the present one. */
export function TimezoneField({ value, error, onChange }: FieldProps) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  const zones = useMemo(
    () =>
      [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone'), here, value])]
        .sort()
        .map(zone => ({ value: zone, label: zone.replaceAll('_', ' ') })),
    [here, value],
  )
  return (
    <div>
      <Select
        label="Time zone"
        description="All dates and times are shown in it."
        data={zones}
        value={value}
        error={error}
        onChange={zone => zone && onChange(zone)}
        searchable
        allowDeselect={false}
        limit={100}
        nothingFoundMessage="No such zone"
        comboboxProps={inPage}
        name="timezone"
      />
      <Text size="xs" c="dimmed" mt={4}>
        There it is {timeIn(value)} now.
      </Text>
      {here !== value && (
        <Button variant="subtle" size="compact-xs" mt={2} ml={-6} onClick={() => onChange(here)}>
          Use this device’s: {here.replaceAll('_', ' ')}
        </Button>
      )}
    </div>
  )
}

function timeIn(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit', timeZone }).format()
  } catch {
    return 'unknown what time'
  }
}

const usual = [
  'ar',
  'cs',
  'da',
  'de',
  'de-AT',
  'de-CH',
  'el',
  'en',
  'en-GB',
  'en-US',
  'es',
  'es-MX',
  'fi',
  'fr',
  'fr-CA',
]
  .concat('he', 'hi', 'it', 'ja', 'ko', 'nb', 'nl', 'pl', 'pt', 'pt-BR', 'ro', 'ru', 'sv', 'tr', 'uk', 'vi')
  .concat('zh-Hans', 'zh-Hant')

export function LanguageField({ value, error, onChange }: FieldProps) {
  const languages = useMemo(
    () =>
      [...new Set([...usual, ...navigator.languages, value])]
        .map(tag => ({ value: tag, label: nameOf(tag) }))
        .sort((one, other) => one.label.localeCompare(other.label)),
    [value],
  )
  return (
    <Select
      label="Language"
      description="For programs that speak several; this one speaks English."
      data={languages}
      value={value}
      error={error}
      onChange={language => language && onChange(language)}
      searchable
      allowDeselect={false}
      nothingFoundMessage="Not among the usual ones"
      comboboxProps={inPage}
      name="language"
    />
  )
}

function nameOf(tag: string): string {
  const named = (locale: string) => new Intl.DisplayNames(locale, { type: 'language' }).of(tag) ?? tag
  try {
    const [english, own] = [named('en'), named(tag)]
    return english.toLowerCase() === own.toLowerCase() ? english : `${english} (${own})`
  } catch {
    return tag
  }
}
