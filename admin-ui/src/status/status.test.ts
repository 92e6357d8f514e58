import { describe, expect, it } from 'vitest'
import type { DrawStatusName, RaffleStatus } from '../api/types'
import { en } from '../i18n/en'
import { fr } from '../i18n/fr'
import { drawTask } from '../screens/draw/drawProgress'
import { drawLook, homeOfStatus, raffleLook, ticketLook } from './looks'
import { currentStep, stepNames, stepReachable, stepState } from './steps'

const statuses = Object.keys(raffleLook) as RaffleStatus[]
const draws = (...names: DrawStatusName[]) => names.map((status) => ({ status }))

describe('status maps', () => {
  it.each(statuses)('%s has a look, words in both languages and a page', (status) => {
    expect(raffleLook[status].icon).toBeTruthy()
    expect(en.status.raffle[status]).toBeTruthy()
    expect(fr.status.raffle[status]).toBeTruthy()
    expect(en.events.open[status]).toBeTruthy()
    expect(homeOfStatus[status]).toBeTruthy()
  })

  it('no two states of a thing look alike: icon, word and border tell them apart without colour', () => {
    for (const looks of [raffleLook, drawLook, ticketLook]) {
      const shown = Object.values(looks).map(({ tone, icon }) => `${tone}/${icon}`)
      expect(new Set(shown).size).toBe(shown.length)
    }
  })

  it('every draw status has a task', () => {
    expect(Object.keys(drawTask).sort()).toEqual(Object.keys(drawLook).sort())
  })
})

describe('run of show', () => {
  it.each<[RaffleStatus, string]>([
    ['draft', 'setUp'],
    ['configured', 'setUp'],
    ['selling', 'sell'],
    ['suspended', 'sell'],
    ['closing', 'close'],
    ['reconciling', 'reconcile'],
    ['reconciled', 'draw'],
    ['finalized', 'publish'],
    ['cancelled', 'none'],
  ])('%s stands at %s', (status, step) => {
    expect(currentStep({ status, draws: draws('planned') })).toBe(step)
  })

  it('moves on to publish only when every open draw has a result', () => {
    expect(currentStep({ status: 'reconciled', draws: draws('drawn') })).toBe('publish')
    expect(currentStep({ status: 'reconciled', draws: draws('drawn', 'locked') })).toBe('draw')
    expect(currentStep({ status: 'reconciled', draws: draws('published', 'cancelled') })).toBe('publish')
    expect(currentStep({ status: 'reconciled', draws: draws('cancelled') })).toBe('draw')
  })

  it('shows what is done, what is now and what is later', () => {
    const standing = { status: 'closing' as const, draws: draws('planned') }
    expect(stepNames.map((step) => stepState(step, standing))).toEqual([
      'done',
      'done',
      'now',
      'later',
      'later',
      'later',
    ])
  })

  it('opens the close while sales run, and nothing else early', () => {
    const standing = { status: 'selling' as const, draws: draws('planned') }
    expect(stepNames.filter((step) => stepReachable(step, standing))).toEqual(['setUp', 'sell', 'close'])
    const draft = { status: 'draft' as const, draws: [] }
    expect(stepNames.filter((step) => stepReachable(step, draft))).toEqual(['setUp'])
  })
})
