/** Every number is in exactly one of six places (I4). */
import type { Identity } from '../../api/types'

const terms = ['sold', 'voided', 'held', 'reserved', 'out_of_play', 'unsold'] as const
export type IdentityTerm = (typeof terms)[number]

const always: readonly IdentityTerm[] = ['sold', 'voided', 'unsold']

/** The terms worth showing: sold, voided and unsold always, the others while they hold something. */
export function identityTerms(identity: Identity): { term: IdentityTerm; value: number }[] {
  return terms
    .filter((term) => always.includes(term) || identity[term] !== 0)
    .map((term) => ({ term, value: identity[term] }))
}

/** What is missing to the total; 0 is the only good answer. */
export function identityDifference(identity: Identity): number {
  return identity.total - terms.reduce((sum, term) => sum + identity[term], 0)
}
