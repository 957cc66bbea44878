import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { brandColorsOf, contrastOf } from './brand-colors.ts'

const wellReadable = 4.5
const color = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }))
  .map(parts => `#${parts.map(part => part.toString(16).padStart(2, '0')).join('')}`)

test('MT-10 whatever colour a tenant chooses, text stays readable in both schemes', () => {
  assert.ok(contrastOf('#ffff00', '#ffffff') < 1.2, 'control: yellow on white cannot be read')
  const check = (primary: string) => {
    const { light, dark, shades } = brandColorsOf(primary)
    for (const ground of ['#ffffff', '#f8f8f5', light.selected])
      assert.ok(contrastOf(light.accent, ground) >= wellReadable)
    for (const ground of ['#1a1e1c', '#131614', dark.selected])
      assert.ok(contrastOf(dark.accent, ground) >= wellReadable)
    for (const ground of [light.filled, dark.filled, shades[6], shades[7]]) {
      assert.ok(contrastOf('#ffffff', ground) >= wellReadable, `${primary} ${ground}`)
    }
    assert.ok(contrastOf(light.softText, light.soft) >= wellReadable)
    assert.ok(contrastOf(dark.softText, dark.soft) >= wellReadable)
    for (const shade of shades) assert.match(shade, /^#[0-9a-f]{6}$/)
  }
  for (const primary of ['#ffff00', '#000000', '#ffffff', '#ff0000', '#0000ff', '#00ff00', '#808080']) check(primary)
  fc.assert(fc.property(color, check))
})

test('MT-10 a colour that can be read already stays as it is', () => {
  assert.equal(brandColorsOf('#1f6553').light.accent, '#1f6553')
  assert.equal(brandColorsOf('#8a2be2').dark.filled, '#8a2be2')
})
