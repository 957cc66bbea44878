import { Button, ColorInput, FileButton, Group, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import {
  type Brand,
  brandColorsOf,
  brandQuery,
  ErrorState,
  Problem,
  Refusal,
  request,
  useSession,
} from '#platform/console'
import classes from './appearance.module.css'
import { SettingCard } from './setting-card.tsx'
import { SettingsFrame } from './settings-frame.tsx'

/** Logo and colour of the workspace. */
export function Page() {
  const { data, error, refetch } = useQuery(brandQuery)
  return (
    <SettingsFrame>
      <Stack gap="md" maw={640}>
        {error ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : (
          data && (
            <>
              <Logo brand={data} />
              <Color key={data.colors.primary} brand={data} />
            </>
          )
        )}
      </Stack>
    </SettingsFrame>
  )
}

const pictures = ['image/png', 'image/jpeg', 'image/webp', 'image/gif']
const mostBytes = 5 * 1024 * 1024

/** Says of a file what the server would refuse, in words for whoever chose it. */
function check(file: File): File {
  if (!pictures.includes(file.type)) {
    throw new Problem(
      415,
      'console.no_picture',
      'This is no picture that can be shown. Choose a PNG, JPEG, WebP or GIF file.',
    )
  }
  if (file.size > mostBytes) {
    throw new Problem(413, 'console.picture_too_large', 'This picture is larger than 5 MB. Choose a smaller one.')
  }
  return file
}

function Logo({ brand }: { brand: Brand }) {
  const client = useQueryClient()
  const { can } = useSession()
  const reset = useRef<() => void>(null)
  const keep = (answer: Brand) => client.setQueryData(brandQuery.queryKey, answer)
  const send = useMutation({
    mutationFn: async (file: File) => request<Brand>('/tenant/logo', { method: 'PUT', body: check(file) }),
    onSuccess: keep,
    onSettled: () => reset.current?.(),
  })
  const remove = useMutation({
    mutationFn: () => request<Brand>('/tenant/logo', { method: 'DELETE' }),
    onSuccess: keep,
  })
  return (
    <SettingCard
      title="Logo"
      lead="Stands in the corner of each page, and before the sign-in on the workspace’s own address. A PNG, JPEG, WebP or GIF file of at most 5 MB; wide ones look best."
    >
      <div className={classes.logo}>
        {brand.logo ? (
          <img src={brand.logo} alt={`Logo of ${brand.name}`} />
        ) : (
          <Text size="sm" c="dimmed">
            No logo yet.
          </Text>
        )}
      </div>
      <Refusal error={send.error ?? remove.error} />
      {can('tenancy.settings.write') && (
        <Group gap="xs" mt="sm">
          <FileButton accept={pictures.join(',')} resetRef={reset} onChange={file => file && send.mutate(file)}>
            {props => (
              <Button {...props} variant="default" size="xs" loading={send.isPending}>
                {brand.logo ? 'Change the logo' : 'Choose a logo'}
              </Button>
            )}
          </FileButton>
          {brand.logo && (
            <Button variant="subtle" color="gray" size="xs" loading={remove.isPending} onClick={() => remove.mutate()}>
              Remove
            </Button>
          )}
        </Group>
      )}
    </SettingCard>
  )
}

const swatches = ['#1f6553', '#1d5fa8', '#5b3fa0', '#a02c5b', '#a3421c', '#7a5c00', '#2f6f2f', '#44505c']

function Color({ brand }: { brand: Brand }) {
  const client = useQueryClient()
  const { can } = useSession()
  const mayWrite = can('tenancy.settings.write')
  const present = brand.colors.primary ?? ''
  const [color, setColor] = useState(present)
  const isColor = /^#[0-9a-f]{6}$/i.test(color)
  const save = useMutation({
    mutationFn: (primary: string | null) => request<Brand>('/tenant/colors', { method: 'PUT', body: { primary } }),
    onSuccess: answer => {
      client.setQueryData(brandQuery.queryKey, answer)
      notifications.show({ message: 'The colour is saved.' })
    },
  })
  return (
    <SettingCard
      title="Colour"
      lead="For buttons, links and marks. Lighter and darker ones are made of it, so that text on them can be read in the light and in the dark scheme, whatever you choose."
    >
      <form
        onSubmit={event => {
          event.preventDefault()
          if (isColor) save.mutate(color.toLowerCase())
        }}
      >
        <ColorInput
          label="Main colour"
          format="hex"
          value={color}
          onChange={setColor}
          swatches={swatches}
          swatchesPerRow={8}
          disabled={!mayWrite}
          maw={260}
          placeholder="#1f6553"
          error={color !== '' && !isColor ? 'Write it like #1f6553.' : undefined}
          eyeDropperButtonProps={{ 'aria-label': 'Take a colour from the screen' }}
          popoverProps={{ withinPortal: false, position: 'top-start' }}
        />
        {isColor && <Preview primary={color} />}
        <Refusal error={save.error} title="This is not saved" />
        {mayWrite && (
          <Group gap="xs" mt="md">
            <Button type="submit" loading={save.isPending} disabled={!isColor || color.toLowerCase() === present}>
              Save
            </Button>
            {present !== '' && (
              <Button variant="default" disabled={save.isPending} onClick={() => save.mutate(null)}>
                Use the usual colours
              </Button>
            )}
          </Group>
        )}
      </form>
    </SettingCard>
  )
}

function Preview({ primary }: { primary: string }) {
  const { light, dark } = brandColorsOf(primary.toLowerCase())
  return (
    <div className={classes.previews}>
      {(
        [
          ['Light', light, '#ffffff', '#1d1d1a'],
          ['Dark', dark, '#1a1e1c', '#dfe2dd'],
        ] as const
      ).map(([name, { accent, selected, filled }, page, ink]) => (
        <div key={name} className={classes.preview} style={{ background: page, color: ink }}>
          <span className={classes.filled} style={{ background: filled }}>
            Button
          </span>
          <span style={{ color: accent }}>Link</span>
          <span className={classes.filled} style={{ background: selected, color: accent }}>
            Selected
          </span>
          <span>{name}</span>
        </div>
      ))}
    </div>
  )
}
