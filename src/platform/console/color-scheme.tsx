import { SegmentedControl, useMantineColorScheme, VisuallyHidden } from '@mantine/core'
import { Icon } from './icons.tsx'

/** Where the choice is remembered; `public/color-scheme.js` reads the same before the first paint. */
export const colorSchemeKey = 'commonhold-color-scheme'

const choices = [
  { value: 'light', name: 'Light', icon: 'sun' },
  { value: 'dark', name: 'Dark', icon: 'moon' },
  { value: 'auto', name: 'As the system', icon: 'device' },
] as const

export function ColorSchemeChoice() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <SegmentedControl
      aria-label="Colours"
      size="xs"
      value={colorScheme}
      onChange={value => setColorScheme(choices.find(choice => choice.value === value)?.value ?? 'auto')}
      data={choices.map(({ value, name, icon }) => ({
        value,
        label: (
          <span title={name} style={{ display: 'flex', alignItems: 'center', justifyContent: 'center', height: 18 }}>
            <Icon name={icon} size={15} />
            <VisuallyHidden>{name}</VisuallyHidden>
          </span>
        ),
      }))}
    />
  )
}
