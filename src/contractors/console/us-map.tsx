import { geoPath } from 'd3-geo'
import { useMemo } from 'react'
import { feature } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import atlas from 'us-atlas/states-albers-10m.json'
import classes from './profile.module.css'
import { stateName, stateOfFips } from './states.ts'

/** How much of something is in a state: `share` from 0 to 1 shades it, `text` says it. */
export type Shade = { share: number; text: string }

/** Addresses in a state. */
export type Pin = { isCurrent: boolean; text: string }

type MapProps = {
  title: string
  shades: ReadonlyMap<string, Shade>
  pins: ReadonlyMap<string, Pin>
}

/**
 * The United States in Albers' projection, states shaded by a measure. It is drawn on the page itself, so that it follows
 * its colours; what it shows stands in a table beside it for those who cannot see it.
 */
export function UsMap({ title, shades, pins }: MapProps) {
  const shapes = useMemo(drawStates, [])
  return (
    <svg className={classes.map} viewBox="-58 6 1034 604" role="img" aria-label={title}>
      {shapes.map(({ code, path }) => {
        const shade = shades.get(code)
        return (
          <path key={code} d={path} className={classes.state} style={shade && { fill: shadeOf(shade.share) }}>
            <title>{`${stateName(code)}: ${[shade?.text ?? 'nothing known', pins.get(code)?.text].filter(Boolean).join('; ')}`}</title>
          </path>
        )
      })}
      {shapes.map(({ code, center: [x, y] }) => {
        const pin = pins.get(code)
        return (
          pin && (
            <g key={code} transform={`translate(${x} ${y})`}>
              <title>{`${stateName(code)}: ${pin.text}`}</title>
              <path
                className={classes.pin}
                data-former={!pin.isCurrent || undefined}
                d="M0 0C-6 -8 -9 -11 -9 -16A9 9 0 1 1 9 -16C9 -11 6 -8 0 0Z"
              />
            </g>
          )
        )
      })}
    </svg>
  )
}

/** The least is still to be told from nothing. */
export const shadeOf = (share: number) =>
  `color-mix(in srgb, var(--ch-chart) ${Math.round(18 + 82 * Math.sqrt(share))}%, var(--ch-hover))`

type Shape = { code: string; path: string; center: [number, number] }

function drawStates(): Shape[] {
  const topology = atlas as unknown as Topology<{ states: GeometryCollection }>
  // The file is projected already.
  const path = geoPath()
  return feature(topology, topology.objects.states).features.flatMap(state => {
    const code = stateOfFips.get(String(state.id).padStart(2, '0'))
    const drawn = path(state)
    return code && drawn ? [{ code, path: drawn, center: path.centroid(state) }] : []
  })
}
