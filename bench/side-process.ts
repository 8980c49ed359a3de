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
  readonly #scenario: string;
  readonly #side: string;
  readonly #child: ChildProcess;
  #note: string | undefined;

  private constructor(scenario: Scenario, side: string) {
    this.name = `${scenario.name}, ${side}`;
    this.#scenario = scenario.name;
    this.#side = side;
    this.#child = fork(ENTRY, [], { execArgv: [...(scenario.execArgv ?? [])], serialization: 'advanced' });
  }

  /** Opens it, with these settings where it has a choice. */
  static async open(scenario: Scenario, side: string, setup: Setup): Promise<SideProcess> {
    const process = new SideProcess(scenario, side);
    try {
      await process.#open(setup);
      return process;
    } catch (error) {
      process.kill();
      throw error;
    }
  }

  /**
   * Opens it with the settings that suit this machine, where it has a choice. They are found out in a process of its
   * own, which is ended with all that it leaves behind.
   */
  static async openBest(scenario: Scenario, side: string, setup: Setup): Promise<SideProcess> {
    const process = new SideProcess(scenario, side);
    try {
      const chosen = await process.#ask({ type: 'choose', scenario: scenario.name, side, setup });
      if (chosen.type === 'chosen' && chosen.variant !== undefined) {
        process.kill();
        return await SideProcess.open(scenario, side, { ...setup, variant: chosen.variant });
      }
      await process.#open(setup);
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

  async #open(setup: Setup): Promise<void> {
    const opened = await this.#ask({ type: 'open', scenario: this.#scenario, side: this.#side, setup });
    if (opened.type === 'opened') this.#note = opened.note;
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
