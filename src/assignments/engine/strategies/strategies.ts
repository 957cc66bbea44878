import { Registry } from '../registry.ts'
import { balancedRotation } from './balanced-rotation.ts'
import { optimal } from './optimal.ts'
import { randomAssignment } from './random-assignment.ts'
import { skillBased } from './skill-based.ts'
import type { Strategy } from './strategy.ts'

/** Ways to plan a round; a module adds its own. The first is what is taken when nothing is said. */
export const strategies = new Registry<Strategy>([optimal, balancedRotation, skillBased, randomAssignment])
