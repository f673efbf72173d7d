import type { Kind } from '../define.js'
import type { Session, Verdict } from './session.js'

/** One promise of the contract. */
export interface ContractCheck {
  /** Also the reason that is given when the promise is broken. */
  id: string
  /** The promise, as a sentence. */
  title: string
  kinds: readonly Kind[]
  /** True when the check changes something on the backend. */
  writes: boolean
  /** Checks that must not have failed for this one to tell anything new. */
  needs?: readonly string[]
  run(session: Session): Promise<Verdict>
}

export const EVERY_KIND: readonly Kind[] = ['provider', 'ipam', 'lb', 'dns']
export const PROVISIONERS: readonly Kind[] = ['ipam', 'lb', 'dns']
export const PROVIDERS: readonly Kind[] = ['provider']
