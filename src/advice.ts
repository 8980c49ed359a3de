import { dirname, sep } from 'node:path';
import { messageOf } from './codec.ts';

const BY_CODE: Readonly<Record<string, string>> = {
  EACCES: 'This process may not do that: give its user the right, or name another path',
  EPERM: 'This process may not do that: give its user the right, or name another path',
  EROFS: 'The file system is read-only: name a path on another one',
  EISDIR: 'Name a file in it',
  ENOTDIR: 'A part of the path is a file: name another path',
  ENOSPC: 'The disk, or the quota, is full: free some room',
  EDQUOT: 'The disk, or the quota, is full: free some room',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n), or look for what leaves them open',
  ENOENT: 'Make its folder, or name another path',
};

/** A system's error with what to do about it, where that is known. `file`: what was to be read or written, in the end. */
export function explain(error: unknown, file?: string): string {
  const { code, permission, resource } = Object(error) as { code?: unknown; permission?: unknown; resource?: unknown };
  const advice = code === 'ERR_ACCESS_DENIED' ? permissionAdvice(permission, file ?? resource) : BY_CODE[String(code)];
  return advice === undefined ? messageOf(error) : `${messageOf(error)}. ${advice}`;
}

/** Which flag of Node's permission model is missing. */
function permissionAdvice(permission: unknown, resource: unknown): string {
  const start = "Node's permission model is on: start node with";
  const path = typeof resource === 'string' && resource !== '' ? resource : undefined;
  switch (permission) {
    case 'WorkerThreads':
      return `${start} --allow-worker`;
    case 'FileSystemRead':
      return `${start} --allow-fs-read=${path ?? '<path>'}`;
    case 'FileSystemWrite':
      return `${start} --allow-fs-write=${path === undefined ? '<folder>' : `${dirname(path)}${sep}`}`;
    default:
      return `${start} the permission ${String(permission)}`;
  }
}
