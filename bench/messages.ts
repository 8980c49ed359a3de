import type { Figures, Setup } from './scenario.ts';

/** What the bench tells a side's process. */
export type ToSide =
  | { readonly type: 'load'; readonly scenario: string; readonly side: string; readonly setup: Setup }
  | { readonly type: 'choose'; readonly setup: Setup }
  | { readonly type: 'open'; readonly setup: Setup }
  | { readonly type: 'run'; readonly ms: number }
  | { readonly type: 'close' };

/** Its answer, one to each. */
export type FromSide =
  /** Whether it has a choice of settings. */
  | { readonly type: 'loaded'; readonly choice: boolean }
  | { readonly type: 'chosen'; readonly variant: readonly string[] }
  | { readonly type: 'opened'; readonly note?: string }
  | { readonly type: 'ran'; readonly figures: Figures }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly error: string };
