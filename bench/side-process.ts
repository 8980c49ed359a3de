import { type ChildProcess, fork } from 'node:child_process';
import type { FromSide, ToSide } from './messages.ts';
import type { Figures, Scenario, Setup } from './scenario.ts';

const ENTRY = new URL('./side-main.js', import.meta.url);
/** No answer for so long: it hangs, which is a failure like another. */
const PATIENCE_MS = 120_000;
/** Without a word for this long after `close` it is ended: it should have nothing left to do. */
const EXIT_MS = 15_000;

/** A side in a process of its own. Every method rejects when the side failed, hangs or died. */
export class SideProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  #note: string | undefined;

  private constructor(scenario: Scenario, side: string) {
    this.name = `${scenario.name}, ${side}`;
    this.#child = fork(ENTRY, [], { execArgv: [...(scenario.execArgv ?? [])], serialization: 'advanced' });
  }

  /** The settings that suit this machine, found out in a process that leaves nothing behind; none without a choice. */
  static async choose(scenario: Scenario, side: string, setup: Setup): Promise<readonly string[] | undefined> {
    const process = new SideProcess(scenario, side);
    try {
      const chosen = await process.#ask({ type: 'choose', scenario: scenario.name, side, setup });
      // It is ended by `finally`: how well a rival cleans up after each of its variants is nobody's concern.
      return chosen.type === 'chosen' ? chosen.variant : undefined;
    } finally {
      process.kill();
    }
  }

  static async open(scenario: Scenario, side: string, setup: Setup): Promise<SideProcess> {
    const process = new SideProcess(scenario, side);
    try {
      const opened = await process.#ask({ type: 'open', scenario: scenario.name, side, setup });
      if (opened.type === 'opened') process.#note = opened.note;
      return process;
    } catch (error) {
      process.kill();
      throw error;
    }
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
