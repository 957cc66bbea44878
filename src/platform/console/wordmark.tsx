import { useBrand } from './brand.tsx'

/** The workspace's logo where it has one; else the mark: four units over the common part that carries them. */
export function Wordmark({ size = 24 }: { size?: number }) {
  const brand = useBrand()
  if (brand?.logo) {
    return (
      <img
        src={brand.logo}
        alt={brand.name}
        style={{
          display: 'block',
          height: size * 1.5,
          maxWidth: size * 7,
          objectFit: 'contain',
          objectPosition: 'left',
        }}
      />
    )
  }
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: size * 0.4 }}>
      <svg aria-hidden="true" width={size} height={size} viewBox="0 0 32 32">
        <rect width="32" height="32" rx="7" fill="var(--ch-mark)" />
        <g fill="var(--ch-mark-ink)">
          <rect x="7" y="7" width="7.5" height="6" rx="1.2" opacity=".62" />
          <rect x="17.5" y="7" width="7.5" height="6" rx="1.2" />
          <rect x="7" y="15" width="7.5" height="6" rx="1.2" />
          <rect x="17.5" y="15" width="7.5" height="6" rx="1.2" opacity=".62" />
          <rect x="7" y="23" width="18" height="2.6" rx="1.3" />
        </g>
      </svg>
      <span style={{ fontSize: size * 0.72, fontWeight: 650, letterSpacing: '-0.015em' }}>Commonhold</span>
    </span>
  )
}
