import { type ChildProcess, fork } from 'node:child_process';
import type { FromSide, ToSide } from './messages.ts';
import type { Figures, Scenario, Setup } from './scenario.ts';

const ENTRY = new URL('./side-main.js', import.meta.url);
/** No answer for so long: it hangs, which is a failure like another. */
const PATIENCE_MS = 120_000;
/** Without a word for this long after `close` it is ended: it should have nothing left to do. */
const EXIT_MS = 15_000;

/** A side in a process of its own, from when it is made. Every method rejects when the side failed, hangs or died. */
export class SideProcess {
  readonly name: string;
  readonly #scenario: string;
  readonly #side: string;
  readonly #child: ChildProcess;
  #note: string | undefined;

  constructor(scenario: Scenario, side: string) {
    this.name = `${scenario.name}, ${side}`;
    this.#scenario = scenario.name;
    this.#side = side;
    this.#child = fork(ENTRY, [], { execArgv: [...(scenario.execArgv ?? [])], serialization: 'advanced' });
  }

  /** Loads its modules; what comes next is up to `open` or `choose`. Resolves to whether it has a choice of settings. */
  async load(setup: Setup): Promise<boolean> {
    const loaded = await this.#ask({ type: 'load', scenario: this.#scenario, side: this.#side, setup });
    return loaded.type === 'loaded' && loaded.choice;
  }

  /** Finds out which settings suit this machine. To be killed after that, with all that it leaves behind. */
  async choose(setup: Setup): Promise<readonly string[]> {
    const chosen = await this.#ask({ type: 'choose', setup });
    if (chosen.type !== 'chosen') throw new Error(`${this.name}: answered ${chosen.type}`);
    return chosen.variant;
  }

  async open(setup: Setup): Promise<void> {
    const opened = await this.#ask({ type: 'open', setup });
    if (opened.type === 'opened') this.#note = opened.note;
  }

  /** Which settings it took, where it had a choice. */
  get note(): string | undefined {
    return this.#note;
  }

  async run(ms: number): Promise<Figures> {
    const ran = await this.#ask({ type: 'run', ms });
    if (ran.type !== 'ran') throw new Error(`${this.name}: answered ${ran.type}`);
    return ran.figures;
  }

  async close(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    await this.#ask({ type: 'close' });
    const timer = setTimeout(() => this.kill(), EXIT_MS);
    await exited;
    clearTimeout(timer);
    if (this.#child.signalCode !== null)
      throw new Error(`${this.name}: did not exit within ${EXIT_MS} ms of its close`);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #ask(message: ToSide): Promise<FromSide> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const settle = (): void => {
        clearTimeout(timer);
        child.off('message', answered);
        child.off('exit', exited);
        child.off('error', failed);
      };
      const answered = (answer: FromSide): void => {
        settle();
        if (answer.type === 'failed') reject(new Error(`${this.name}: ${answer.error}`));
        else resolve(answer);
      };
      const failed = (error: Error): void => {
        settle();
        reject(new Error(`${this.name}: ${error.message}`, { cause: error }));
      };
      const exited = (code: number | null, signal: string | null): void =>
        failed(new Error(`its process ended with ${signal ?? `code ${code}`} while it was to ${message.type}`));
      const timer = setTimeout(
        () => failed(new Error(`no answer to ${message.type} within ${PATIENCE_MS} ms`)),
        PATIENCE_MS,
      );
      child.on('message', answered);
      child.once('exit', exited);
      child.once('error', failed);
      child.send(message);
    });
  }
}
