/** Colours of the console that are made of one that a workspace has chosen. */
export type BrandColors = {
  /** Ten shades, from light to dark, as the component library wants them. */
  shades: readonly [string, string, string, string, string, string, string, string, string, string]
  light: Accents
  dark: Accents
}

type Accents = {
  /** Text and marks on the page. */
  accent: string
  /** Behind what is selected; the accent stands on it too. */
  selected: string
  /** Behind white text. */
  filled: string
  /** Behind badges, with their text. */
  soft: string
  softText: string
}

type Rgb = readonly [number, number, number]

/** What text needs to stand out (WCAG 2.2, 1.4.3), with a little left over for rounding. */
const enough = 4.6
const pages = { light: ['#ffffff', '#f8f8f5'], dark: ['#1a1e1c', '#131614'] } as const
const [white, black]: [Rgb, Rgb] = [
  [255, 255, 255],
  [0, 0, 0],
]

/** Whatever the colour, text on and in what is made of it can be read, in the light scheme and in the dark one. */
export function brandColorsOf(primary: string): BrandColors {
  const given = read(primary)
  const darkPage = read(pages.dark[0])
  const lightSelected = mix(given, white, 0.9)
  const darkSelected = mix(given, darkPage, 0.8)
  const lightAccent = readable(given, [...pages.light.map(read), lightSelected], black)
  const darkAccent = readable(given, [...pages.dark.map(read), darkSelected], white)
  const filled = readable(given, [white], black)
  const shades = [0.94, 0.86, 0.7, 0.5, 0.3, 0.12].map(share => write(mix(filled, white, share)))
  return {
    shades: [
      ...shades,
      write(filled),
      write(mix(filled, black, 0.08)),
      write(mix(filled, black, 0.22)),
      write(mix(filled, black, 0.4)),
    ] as unknown as BrandColors['shades'],
    light: {
      accent: write(lightAccent),
      selected: write(lightSelected),
      filled: write(mix(filled, black, 0.08)),
      soft: write(lightSelected),
      softText: write(lightAccent),
    },
    dark: {
      accent: write(darkAccent),
      selected: write(darkSelected),
      filled: write(filled),
      soft: write(darkSelected),
      softText: write(darkAccent),
    },
  }
}

/** The ratio of two colours' luminances, 1 to 21 (WCAG 2.2). */
export function contrastOf(one: string, other: string): number {
  return contrast(read(one), read(other))
}

/** The colour, moved towards black or white as little as it takes to be read on all of the grounds. */
function readable(color: Rgb, grounds: readonly Rgb[], towards: Rgb): Rgb {
  for (let share = 0; share < 1; share += 0.02) {
    const moved = rounded(mix(color, towards, share))
    if (grounds.every(ground => contrast(moved, rounded(ground)) >= enough)) return moved
  }
  return towards
}

function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map(value => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const mix = (one: Rgb, other: Rgb, share: number): Rgb =>
  one.map((value, index) => value + ((other[index] ?? 0) - value) * share) as unknown as Rgb

const rounded = (color: Rgb): Rgb => color.map(Math.round) as unknown as Rgb

const read = (text: string): Rgb => [1, 3, 5].map(at => Number.parseInt(text.slice(at, at + 2), 16)) as unknown as Rgb

const write = (color: Rgb): string => `#${color.map(value => Math.round(value).toString(16).padStart(2, '0')).join('')}`
