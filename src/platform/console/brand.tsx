import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { brandColorsOf } from './brand-colors.ts'
import { colorSchemeKey } from './color-scheme.tsx'
import { theme, variables } from './theme.ts'

/** How a workspace looks. */
export type Brand = { name: string; logo: string | null; colors: { primary?: string } }

const BrandContext = createContext<{ brand: Brand | undefined; show: (brand: Brand | undefined) => void }>({
  brand: undefined,
  show: () => {},
})

/** Draws the console in the colours of the workspace that it shows. */
export function BrandedProvider({ children }: { children: ReactNode }) {
  const [brand, show] = useState<Brand>()
  const primary = brand?.colors.primary
  const [shown, resolver] = useMemo(() => branded(primary), [primary])
  const context = useMemo(() => ({ brand, show }), [brand])
  return (
    <BrandContext value={context}>
      <MantineProvider
        theme={shown}
        cssVariablesResolver={resolver}
        defaultColorScheme="auto"
        colorSchemeManager={localStorageColorSchemeManager({ key: colorSchemeKey })}
      >
        {children}
      </MantineProvider>
    </BrandContext>
  )
}

/** The brand that is shown now; undefined for Commonhold's own. */
export const useBrand = (): Brand | undefined => useContext(BrandContext).brand

/** Shows a brand as long as the component is there that asks for it. */
export function useShownBrand(brand: Brand | null | undefined): void {
  const { show } = useContext(BrandContext)
  useEffect(() => {
    show(brand ?? undefined)
    return () => show(undefined)
  }, [brand, show])
}

function branded(primary: string | undefined): [typeof theme, typeof variables] {
  if (primary === undefined) return [theme, variables]
  const { shades, light, dark } = brandColorsOf(primary)
  const scheme = ({ accent, selected, filled, soft, softText }: typeof light) => ({
    '--mantine-color-anchor': accent,
    '--mantine-color-pine-light': soft,
    '--mantine-color-pine-light-color': softText,
    '--mantine-primary-color-filled': filled,
    '--ch-selected': selected,
    '--ch-accent': accent,
    '--ch-chart': accent,
    '--ch-mark': filled,
    '--ch-mark-ink': '#ffffff',
  })
  return [
    { ...theme, colors: { ...theme.colors, pine: [...shades] } },
    given => {
      const usual = variables(given)
      return { ...usual, light: { ...usual.light, ...scheme(light) }, dark: { ...usual.dark, ...scheme(dark) } }
    },
  ]
}
