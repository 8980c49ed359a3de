/** For events whose only purpose is to have threads at hand. */
export default function nothing(): void {}
