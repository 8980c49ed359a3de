/** Calls `send` for 0 … count-1 with at most `width` of them unsettled; resolves when all have settled. */
export function sendWindowed(count: number, width: number, send: (i: number) => Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let open = 0;
    const more = (): void => {
      while (next < count && open < width) {
        open++;
        send(next++).then(settled, reject);
      }
      if (open === 0) resolve();
    };
    const settled = (): void => {
      open--;
      more();
    };
    more();
  });
}
