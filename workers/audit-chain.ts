import { createHash, type Hash } from 'node:crypto';
import { FIRST_SEED, type SealPayload } from '../src/audit-format.ts';
import { rotatedFiles } from './audit-rotate.ts';
import { hashFile, type Scan, scanFile, withFile } from './audit-scan.ts';

/**
 * The running hash of the active segment and its place in the chain. A segment's hash begins with the whole hash of the
 * segment before, so that no file can be changed, left out or put elsewhere without every later seal being wrong.
 */
export class AuditChain {
  readonly #path: string;
  readonly #maxFiles: number;
  #hash: Hash = createHash('sha256');
  #previous = FIRST_SEED;
  #segment = 0;
  #oldest = 1;
  /** Lines since the last seal. */
  unsealed = 0;

  constructor(path: string, maxFiles: number) {
    this.#path = path;
    this.#maxFiles = maxFiles;
  }

  /** The segment before has ended; a new file has nothing in it. */
  next(): void {
    if (this.#segment > 0) this.#begin(this.#segment + 1, this.#hash.digest('hex'));
    else this.#begin(1, FIRST_SEED);
  }

  /** Everything before is gone on purpose. */
  restart(): void {
    this.next();
    this.#oldest = this.#segment;
  }

  /** Goes on with a file that has something in it, or perhaps not: `scan` says. */
  resume(fd: number, scan: Scan): void {
    const seal = scan.lastSeal;
    if (seal !== undefined) {
      this.#begin(seal.segment, scan.firstSeal!.previous);
      this.#oldest = seal.oldest;
    } else {
      const before = this.#sealedBefore();
      this.#begin((before?.segment ?? 0) + 1, before?.hash ?? FIRST_SEED);
      this.#oldest = before?.oldest ?? 1;
    }
    this.#hash = hashFile(fd, this.#previous);
    this.unsealed = scan.unsealed;
  }

  add(bytes: Buffer, lines: number): void {
    this.#hash.update(bytes);
    this.unsealed += lines;
  }

  /** The seal of everything added so far. `ending`: the segment is about to be rotated. */
  seal(line: number, ending: boolean): SealPayload {
    // As rotation leaves it; announced before it happens, so that a kill in between never misses one that must be there.
    this.#oldest = Math.max(this.#oldest, this.#segment + (ending ? 1 : 0) - this.#maxFiles);
    return {
      segment: this.#segment,
      line,
      hash: this.#hash.copy().digest('hex'),
      previous: this.#previous,
      oldest: this.#oldest,
    };
  }

  #begin(segment: number, previous: string): void {
    this.#segment = segment;
    this.#previous = previous;
    this.#hash = createHash('sha256').update(previous, 'hex');
    this.unsealed = 0;
  }

  /**
   * What the files before hand on; undefined when none of them was ever sealed. Those since the last one with a seal were
   * written while sealing was off: they become links of the chain as they are now. Rotation has gone on meanwhile, by
   * whatever limit, so what is there now is what must be there.
   */
  #sealedBefore(): { segment: number; hash: string; oldest: number } | undefined {
    const files = rotatedFiles(this.#path);
    for (const [at, file] of files.entries()) {
      const sealed = withFile(file, sealedHash);
      if (sealed === undefined) continue;
      let { segment, hash, oldest } = sealed;
      for (const unsealed of files.slice(0, at).reverse()) {
        hash = withFile(unsealed, (fd) => hashFile(fd, hash).digest('hex')) ?? hash;
        segment++;
      }
      if (!sealed.ends || at > 0) oldest = Math.max(oldest, segment + 1 - files.length);
      return { segment, hash, oldest };
    }
    return undefined;
  }
}

function sealedHash(fd: number): { segment: number; hash: string; oldest: number; ends: boolean } | undefined {
  const { firstSeal, lastSeal, unsealed } = scanFile(fd);
  if (firstSeal === undefined || lastSeal === undefined) return undefined;
  const hash = hashFile(fd, firstSeal.previous).digest('hex');
  return { segment: lastSeal.segment, hash, oldest: lastSeal.oldest, ends: unsealed === 0 };
}
